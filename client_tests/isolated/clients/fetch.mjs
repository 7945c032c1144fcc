const [host, port] = process.argv.slice(2);
console.log(await (await fetch(`http://${host}:${port}/`)).text());
