// Asks by the vendor's SDK for Node as its own documentation shows it: `node ask.js SERVICE VERSION ACTION BODY`.
// Endpoint, keys and region come from the environment; what came back, or was thrown, is printed as JSON.
const tencentcloud = require("tencentcloud-sdk-nodejs")

const [service, version, action, body] = process.argv.slice(2)
const { protocol, host } = new URL(process.env.TIONE_ENDPOINT)
const client = new tencentcloud[service][version].Client({
  credential: { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY },
  region: process.env.TENCENTCLOUD_REGION,
  profile: { httpProfile: { protocol: `${protocol}//`, endpoint: host } },
})
client[action](JSON.parse(body)).then(
  (answer) => console.log(JSON.stringify({ answer })),
  ({ code, message, requestId }) => console.log(JSON.stringify({ error: { code, message, requestId } })),
)
