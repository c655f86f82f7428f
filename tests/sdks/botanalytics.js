// Everything a bot does with npm `botanalytics` 2.x:  node botanalytics.js PACKAGE ROOT KEY TAG
// Prints one JSON line per step, with what the package said or threw. Slack itself, which 2.4 asks for the team, is played.
'use strict';

const EventEmitter = require('events');
const [name, root, key, tag] = process.argv.slice(2);
const load = (wanted) => require(require.resolve(wanted, { paths: [process.env.SDK_PACKAGES] }));
const requests = load('request');
const really = requests.post;
const team = {
  ok: true, self: { id: 'SLACKBOT', name: 'bot' }, team: { id: 'T1', name: 'team' }, users: [], channels: [], groups: [], mpims: [],
  ims: [{ id: `IM-${tag}`, user: `slack-im-${tag}` }], bots: [],
};
requests.post = (options, done) => (
  String(options.url).startsWith('https://slack.com/') ? done(null, {}, JSON.stringify(team)) : really(options, done)
);
const sdk = load(name);
const options = { baseUrl: `${root}/v1/` };
const user = (platform) => `${platform}-${tag}`;
const now = Date.now();
const said = [];
for (const level of ['error', 'warn', 'log']) {
  // two of its classes switch on the debugging of `request`
  console[level] = (...words) => (words[0] === 'REQUEST %s' || words[0] === 'REQUEST' ? 0 : said.push(words.map(String).join(' ')));
}
const soon = (ms = 150) => new Promise((resolve) => setTimeout(resolve, ms));
const calling = (make) => new Promise((resolve, reject) => make((error) => (error ? reject(error) : resolve())));

const alexa = {
  version: '1.0', session: { new: true, sessionId: `session-${tag}`, application: { applicationId: 'A' }, user: { userId: user('alexa') } },
  context: { System: { application: { applicationId: 'A' }, user: { userId: user('alexa') }, apiAccessToken: 'MARKER-alexa-api' } },
  request: { type: 'IntentRequest', requestId: `r-${tag}`, timestamp: new Date(now).toISOString(), locale: 'en-US', intent: { name: 'GetWeather', slots: {} } },
};
const assistant = {
  user: { userId: user('assistant'), locale: 'en-US' }, conversation: { conversationId: `conv-${tag}`, type: 'NEW' },
  inputs: [{ intent: 'actions.intent.MAIN', rawInputs: [{ inputType: 'KEYBOARD', query: 'talk to pizza' }] }],
};
const activity = (id, text, more) => ({
  type: 'message', id: `${id}-${tag}`, timestamp: new Date(now).toISOString(), channelId: 'webchat', from: { id: user('microsoft') },
  recipient: { id: 'MSBOT' }, conversation: { id: `mc-${tag}` }, text, ...more,
});

const steps = {
  'facebook in': () => calling((done) => new sdk.FacebookMessenger(key, options).logIncomingMessage({
    object: 'page', entry: [{ id: 'P', time: now, messaging: [{ sender: { id: user('facebook') }, recipient: { id: 'P' }, timestamp: now, message: { mid: `fb-${tag}`, text: 'hi' } }] }],
  }, done)),
  'facebook out': () => calling((done) => new sdk.FacebookMessenger(key, options).logOutgoingMessage({ text: 'yo' }, user('facebook'), 'MARKER-facebook-page', done)),
  'facebook profile': () => calling((done) => new sdk.FacebookMessenger(key, options).logUserProfile({ user_id: user('facebook'), first_name: 'Ann', locale: 'en_GB', timezone: 2 }, done)),
  'google': () => {
    new sdk.GoogleAssistant(key, options).log(assistant, { expectUserResponse: true, expectedInputs: [{ inputPrompt: { richInitialPrompt: { items: [{ simpleResponse: { textToSpeech: 'which pizza?' } }] } } }] });
    return soon();
  },
  'dialogflow': () => {
    new sdk.GoogleAssistant(key, options).log(
      { responseId: `df-${tag}`, session: `projects/p/agent/sessions/c-${tag}`, queryResult: { queryText: 'margherita', intent: { displayName: 'order' } }, originalDetectIntentRequest: { payload: { user: { userId: user('dialogflow') }, conversation: { conversationId: `c-${tag}` } } } },
      { payload: { google: { richResponse: { items: [{ simpleResponse: { textToSpeech: 'coming' } }] } } } },
    );
    return soon();
  },
  'alexa': () => {
    new sdk.AmazonAlexa(key, options).log(alexa, { version: '1.0', response: { outputSpeech: { type: 'PlainText', text: 'Sunny' } } });
    return soon();
  },
  'lex': () => {
    new sdk.AmazonLex(key, options).log(
      { userId: user('lex'), inputTranscript: 'book hotel', outputDialogMode: 'Text', bot: { name: 'hotels' }, currentIntent: { name: 'Book', confirmationStatus: 'None' }, requestAttributes: {} },
      { awsRequestId: `lex-${tag}` }, { dialogAction: { type: 'Close', fulfillmentState: 'Fulfilled', message: { contentType: 'PlainText', content: 'done' } } },
    );
    return soon();
  },
  'viber': async () => {
    const bot = new EventEmitter();
    bot.authToken = 'MARKER-viber-auth';
    new sdk.Viber(key, options).attach(bot);
    bot.emit('conversation_started', { userProfile: { id: user('viber'), name: 'Vi', country: 'IT', language: 'it', apiVersion: 2 } }, false);
    bot.emit('message', { text: 'ciao', timestamp: now, token: 4912661846655238 }, { userProfile: { id: user('viber'), name: 'Vi' } });
    bot.emit('message_sent', { text: 'salve', timestamp: now, token: 4912661846655239 }, { id: user('viber'), name: 'Vi' });
    await soon();
    said.splice(0, said.length, ...said.filter((line) => !line.startsWith('Bot: ')));
  },
  'kik': async () => {
    const handlers = {};
    const bot = { use: (one) => { handlers.in = one; }, outgoing: (one) => { handlers.out = one; } };
    const kik = new sdk.Kik(key, options);
    kik.attach(bot);
    handlers.in({ _state: { chatId: 'kc', id: `kik-${tag}`, type: 'text', from: user('kik'), timestamp: now, body: 'kik in', participants: [user('kik')] } }, () => {});
    handlers.out({ chatId: 'kc', type: 'text', from: 'kikbot', to: user('kik'), body: 'kik out' }, () => {});
    await calling((done) => kik.logUserProfile(user('kik'), 'Kim', 'K', 'http://pic', done));
    await soon();
  },
  'microsoft': async () => {
    let sender;
    const microsoft = new sdk.MicrosoftBotFramework(key, options);
    microsoft.useLuisRecognizer({ recognize: async () => ({ luisResult: { query: 'hello', topScoringIntent: { intent: 'Greet', score: '0.9' }, intents: [], entities: [] } }) });
    const context = { activity: activity('m1', 'hello'), onSendActivities: (handler) => { sender = handler; } };
    await microsoft.middleware(context, async () => {
      await sender(context, [activity('m2', 'hi yourself', { from: { id: 'MSBOT' }, recipient: { id: user('microsoft') }, replyToId: `m1-${tag}` })], async () => []);
    });
    await soon();
    microsoft.useLuisRecognizer(null);
  },
  'slack events': async () => {
    const slack = new sdk.SlackEventApi(key, 'MARKER-slack-bot', options);
    await soon();
    const event = (id, more) => ({ token: 'MARKER-slack-verification', team_id: 'T1', type: 'event_callback', event_id: `${id}-${tag}`, event_time: Math.floor(now / 1000), event: { type: 'message', channel: `D-${tag}`, ts: `${Math.floor(now / 1000)}.00${id.length}`, ...more } });
    slack.log(event('Ev', { user: user('slack'), text: 'slack in' }));
    slack.log(event('Ev', { user: user('slack'), text: 'slack in' }));
    await soon();
    slack.log(event('Ev2', { bot_id: 'B1', subtype: 'bot_message', text: 'slack out' }));
    slack.log({ type: 'interactive_message', actions: [{ name: 'yes', type: 'button', value: '1' }], callback_id: 'cb', team: { id: 'T1' }, channel: { id: `D-${tag}` }, user: { id: user('slack') }, action_ts: `${Math.floor(now / 1000)}.5`, message_ts: '1', response_url: 'https://hooks.slack.com/MARKER-response' });
    await soon();
  },
};

require('./runner.js')(steps, said, soon).then(() => process.exit(0)); // 2.4 asks Slack every hour
