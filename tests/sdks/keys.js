// Constructs a client of npm `@botanalytics/core` with each key of a channel:  node keys.js CHANNEL
// Keys come as the steps do. Prints one JSON line: how many clients there are, and what the others threw.
'use strict';

const [channel] = process.argv.slice(2);
const sdk = require(require.resolve('@botanalytics/core', { paths: [process.env.SDK_PACKAGES] }));
const Client = {
  universal: sdk.UniversalClient, 'facebook-messenger': sdk.FacebookMessengerClient, 'amazon-alexa': sdk.AmazonAlexaClient,
  'microsoft-bot-framework': sdk.MicrosoftBotFrameworkClient,
}[channel];
const errors = [];
let made = 0;
for (const apiKey of JSON.parse(process.env.SDK_STEPS)) {
  try {
    made += new Client({ apiKey, baseUrl: 'http://127.0.0.1:9/v2' }) ? 1 : 0;
  } catch (thrown) {
    errors.push(String(thrown && thrown.message ? thrown.message : thrown));
  }
}
process.stdout.write(`${JSON.stringify({ step: channel, made, errors })}\n`);
