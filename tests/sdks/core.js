// Everything a bot does with npm `@botanalytics/core`:  node core.js CHANNEL ROOT KEY TAG
// Prints one JSON line per step; what the package logs is JSON too, on lines of its own.
'use strict';

const [channel, root, key, tag] = process.argv.slice(2);
const sdk = require(require.resolve('@botanalytics/core', { paths: [process.env.SDK_PACKAGES] }));
const client = {
  universal: sdk.UniversalClient, 'facebook-messenger': sdk.FacebookMessengerClient, 'amazon-alexa': sdk.AmazonAlexaClient,
  'microsoft-bot-framework': sdk.MicrosoftBotFrameworkClient,
}[channel];
const bot = new client({ apiKey: key, baseUrl: `${root}/v2` });
const user = (platform) => `${platform}-${tag}`;
const now = Date.now();
const soon = (ms = 200) => new Promise((resolve) => setTimeout(resolve, ms));
const message = (id, sender, more) => ({
  id: `${id}-${tag}`, conversation: { id: `conv-${tag}` },
  message: { timestamp: now, sender, recipient: { id: sender.type === 'user' ? 'agent' : user('universal') }, ...more },
});
const person = { id: user('universal'), type: 'user', locale: 'en-GB' };
const agent = { id: 'agent', type: 'virtual-agent' };
const request = {
  version: '1.0', session: { new: true, sessionId: `session-${tag}`, user: { userId: user('alexa') } }, context: { System: { user: { userId: user('alexa') }, apiAccessToken: 'MARKER-alexa-api' } },
  request: { type: 'IntentRequest', requestId: `r-${tag}`, timestamp: new Date(now).toISOString(), locale: 'en-US', intent: { name: 'GetWeather' } },
};

const steps = {
  universal: async () => {
    await bot.logMessage(message('u1', person, { content: { texts: [{ text: 'hello' }] }, nlu: { intent: { name: 'greet', confidence: 0.9 } } }));
    await bot.logMessages(message('u2', agent, { content: { texts: [{ text: 'hi there' }] } }), message('u3', agent, { event: { fallback: {} } }));
    await bot.logMessages([message('u4', person, { content: { images: [{ url: 'http://i' }] } })]);
    await bot.logMessage(message('u5', person, { event: { purchase_completed: { total: 12.5 } } }));
    await bot.logMessage(message('u1', person, { content: { texts: [{ text: 'hello' }] }, nlu: { intent: { name: 'greet', confidence: 0.9 } } }));
  },
  facebook: async () => {
    await bot.logWebhookMessages({ object: 'page', entry: [{ id: 'P', time: now, messaging: [{ sender: { id: user('facebook') }, recipient: { id: 'P' }, timestamp: now, message: { mid: `fb-${tag}`, text: 'hi' } }] }] });
    await bot.logSendApiMessage({ messaging_type: 'RESPONSE', recipient: { id: user('facebook') }, message: { text: 'yo' } });
    await bot.logSendApiMessage({ recipient: { id: user('facebook') }, sender_action: 'typing_on' });
  },
  alexa: async () => {
    const input = { requestEnvelope: request };
    await bot.responseInterceptor().process(input, { outputSpeech: { type: 'SSML', ssml: '<speak>Sunny</speak>' }, shouldEndSession: false });
    await soon();
    await bot.requestInterceptor().process(input);
    await soon();
  },
  microsoft: async () => {
    let sender;
    const activity = { type: 'message', id: `m1-${tag}`, timestamp: new Date(now).toISOString(), channelId: 'webchat', from: { id: user('microsoft'), role: 'user' }, recipient: { id: 'BOT', role: 'bot' }, conversation: { id: 'c' }, text: 'hello' };
    const context = { activity, onSendActivities: (handler) => { sender = handler; }, onUpdateActivity: () => {}, onDeleteActivity: () => {} };
    await bot.middleware().onTurn(context, async () => {
      await sender(context, [{ type: 'message', channelId: 'webchat', from: activity.recipient, recipient: activity.from, conversation: { id: 'c' }, text: 'hi yourself', replyToId: activity.id }], async () => [{ id: `m2-${tag}` }]);
    });
    await soon();
  },
};

require('./runner.js')(steps, [], soon);
