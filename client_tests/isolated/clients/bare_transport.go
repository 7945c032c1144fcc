package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	// As many libraries make it: without a Proxy function.
	client := http.Client{Transport: &http.Transport{}}
	answer, err := client.Get("http://" + os.Args[1] + ":" + os.Args[2] + "/")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Status)
}
