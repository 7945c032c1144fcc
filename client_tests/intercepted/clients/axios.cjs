// AXIOS: the folder of the axios that is to be used.
const axios = require(process.env.AXIOS);

const { SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_API_KEY, CONTACT, INVOICE } = process.env;
const baseURL = `https://import.segmetrics.io/api/v1/${SEGMETRICS_ACCOUNT_ID}/${SEGMETRICS_INTEGRATION_ID}`;
const headers = { Authorization: SEGMETRICS_API_KEY, "Content-Type": "application/json" };

(async () => {
  const client = axios.create({ baseURL, headers });
  await client.post("/contact", CONTACT);
  await client.post("/invoice", INVOICE);
})().catch((error) => {
  console.error(error.message, error.response && error.response.data);
  process.exit(1);
});
