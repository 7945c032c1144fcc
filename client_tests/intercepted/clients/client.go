package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	base := "https://import.segmetrics.io/api/v1/" + os.Getenv("SEGMETRICS_ACCOUNT_ID") + "/" +
		os.Getenv("SEGMETRICS_INTEGRATION_ID")
	if os.Getenv("BARE_TRANSPORT") != "" {
		// As many libraries make it: without a Proxy function.
		http.DefaultClient.Transport = &http.Transport{}
	}
	for _, path := range []string{"contact", "invoice"} {
		request, _ := http.NewRequest("POST", base+"/"+path, strings.NewReader(os.Getenv(strings.ToUpper(path))))
		request.Header.Set("Authorization", os.Getenv("SEGMETRICS_API_KEY"))
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != 200 {
			log.Fatalf("%s %s", answer.Status, body)
		}
	}
}
