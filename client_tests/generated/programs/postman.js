// Makes a Postman collection of the document and runs it. Arguments: document, base URL, API key, account.
const { readFileSync } = require("node:fs");
const converter = require("openapi-to-postmanv2");
const newman = require("newman");

const [, , document, , key, account] = process.argv;
const options = { parametersResolution: "Example", folderStrategy: "Tags" };
// What is deleted must be there, so deletions come last.
const isDeletion = ({ request }) => request.method === "DELETE";
const requests = (items) => items.flatMap((one) => (one.item ? requests(one.item) : [one]));

converter.convertV2({ type: "string", data: readFileSync(document, "utf8") }, options, (error, made) => {
  if (error || !made.result) throw new Error(error ?? made.reason);
  const collection = made.output[0].data;
  collection.item = requests(collection.item).sort((one, other) => isDeletion(one) - isDeletion(other));
  for (const { request } of collection.item)
    request.url.variable.find(({ key }) => key === "account_id").value = account;
  newman.run({ collection, envVar: [{ key: "apiKey", value: key }] }, (failed, summary) => {
    if (failed) throw failed;
    for (const { item, response, requestError } of summary.run.executions)
      if (requestError || response.code !== 200) {
        console.error(item.name, requestError ?? response.text());
        process.exitCode = 1;
      }
  });
});
