// Makes a Postman collection of the document and runs it. Arguments: document, then the usual ones.
const { readFileSync } = require("node:fs");
const converter = require("openapi-to-postmanv2");
const newman = require("newman");

const [, , file, key] = process.argv;
const data = readFileSync(file, "utf8");
const options = { parametersResolution: "Example", folderStrategy: "Tags" };
// What is deleted must be there, so deletions come last.
const isDeletion = ({ request }) => request.method === "DELETE";
const requests = (items) => items.flatMap((one) => (one.item ? requests(one.item) : [one]));

// The converter ignores the servers of a path; its requests are known by their operation's summary.
const address = {};
for (const { servers, ...methods } of Object.values(JSON.parse(data).paths).filter(({ servers }) => servers))
  for (const { summary } of Object.values(methods)) address[summary] = servers[0].url;

converter.convertV2({ type: "string", data }, options, (error, made) => {
  if (error || !made.result) throw new Error(error ?? made.reason);
  const collection = made.output[0].data;
  collection.item = requests(collection.item).sort((one, other) => isDeletion(one) - isDeletion(other));
  for (const { name, request } of collection.item) if (address[name]) request.url.host = [address[name]];
  newman.run({ collection, envVar: [{ key: "apiKey", value: key }] }, (failed, summary) => {
    if (failed) throw failed;
    for (const { item, response, requestError } of summary.run.executions)
      if (requestError || response.code !== 200) {
        console.error(item.name, requestError ?? response.text());
        process.exitCode = 1;
      }
  });
});
