// Everything a bot does with npm `dashbot`, on every platform:  node dashbot.js PACKAGE ROOT KEY TAG
// Prints one JSON line per step, with what the package said on the console or threw. Users are named after TAG.
'use strict';

const [name, root, key, tag] = process.argv.slice(2);
const packages = process.env.SDK_PACKAGES;
// redact-pii, which 10 and 11 load and do not use unasked, wants a compiled client of a cloud
const Module = require('module');
const loaded = Module._load;
Module._load = (wanted, ...rest) => (wanted === '@google-cloud/dlp' ? {} : loaded(wanted, ...rest));
// which 0.8's dependencies call and newer Nodes have no more
const util = require('util');
util.isFunction ||= (value) => typeof value === 'function';
util.isString ||= (value) => typeof value === 'string';
util.isArray ||= Array.isArray;
const load = () => require(require.resolve(name, { paths: [packages] }));
const dashbot = load()(key, { urlRoot: `${root}/track`, debug: false });
const old = load()({ facebook: key, slack: key, kik: key, telegram: key }, { urlRoot: `${root}/track` });
const user = (platform) => `${platform}-${tag}`;
const now = Date.now();
const said = [];
for (const level of ['error', 'warn', 'log']) {
  console[level] = (...words) => said.push(words.map(String).join(' '));
}
const done = () => {};
const soon = () => new Promise((resolve) => setTimeout(resolve, 60));

const facebook = () => ({
  object: 'page',
  entry: [{
    id: 'PAGE1', time: now, messaging: [
      { sender: { id: user('facebook') }, recipient: { id: 'PAGE1' }, timestamp: now, message: { mid: `in-${tag}`, seq: 1, text: 'Hi, bot' } },
    ],
  }],
});
const echoed = () => ({
  object: 'page',
  entry: [{
    id: 'PAGE1', time: now, messaging: [
      { sender: { id: user('facebook') }, recipient: { id: 'PAGE1' }, timestamp: now + 1, message: { mid: `all-in-${tag}`, text: 'and both' } },
      { sender: { id: 'PAGE1' }, recipient: { id: user('facebook') }, timestamp: now + 2, message: { is_echo: true, mid: `all-out-${tag}`, text: 'sides' } },
      { sender: { id: user('facebook') }, recipient: { id: 'PAGE1' }, timestamp: now + 3, read: { watermark: now } },
    ],
  }],
});
const sent = (text) => ({
  url: 'https://graph.facebook.com/v2.6/me/messages', qs: { access_token: 'MARKER-page-token' }, method: 'POST',
  json: { dashbotTemplateId: 'right', recipient: { id: user('facebook') }, message: { text } },
});
const alexa = (id, text) => ({
  version: '1.0',
  session: { new: false, sessionId: `session-${tag}`, application: { applicationId: 'APP' }, attributes: {}, user: { userId: user('alexa'), accessToken: 'MARKER-alexa-access' } },
  context: { System: { application: { applicationId: 'APP' }, user: { userId: user('alexa') }, apiAccessToken: 'MARKER-alexa-api' } },
  request: { type: 'IntentRequest', requestId: `${id}-${tag}`, timestamp: new Date(now).toISOString(), locale: 'en-US', intent: { name: text, slots: { City: { name: 'City', value: 'Rome' } } } },
});
const spoken = (text) => ({ version: '1.0', response: { outputSpeech: { type: 'PlainText', text }, shouldEndSession: false }, sessionAttributes: {} });
const dialogflow = {
  responseId: `df-${tag}`, session: `projects/p/agent/sessions/conv-${tag}`,
  queryResult: { queryText: 'book a table', parameters: { city: 'Rome' }, intent: { name: 'projects/p/i', displayName: 'book' } },
  originalDetectIntentRequest: { source: 'google', payload: { user: { userId: user('google') }, conversation: { conversationId: `conv-${tag}` } } },
};
const assistant = {
  handler: { name: 'start' }, intent: { name: 'actions.intent.MAIN', params: {}, query: 'talk to pizza' }, scene: { name: 'S' },
  session: { id: `assistant-${tag}`, params: {} }, user: { locale: 'en-US', params: { id: user('assistant') } },
};
const activity = (id, text, more) => ({
  type: 'message', id: `${id}-${tag}`, timestamp: new Date(now).toISOString(), channelId: 'webchat',
  from: { id: user('microsoft'), name: 'U', role: 'user' }, recipient: { id: 'BOT', name: 'bot', role: 'bot' },
  conversation: { id: `conv-${tag}` }, text, ...more,
});
const answered = (id, text) => activity(id, text, {
  from: { id: 'BOT', role: 'bot' }, recipient: { id: user('microsoft'), role: 'user' }, replyToId: `a1-${tag}`, timestamp: undefined,
});
const generic = (platform, text, more) => ({ text, userId: user(platform), ...more });
const event = (make) => make(dashbot.generic.eventUtil, user('events'), 'C1');
const line = (id, message) => ({
  type: 'message', replyToken: 'r', timestamp: now, source: { type: 'user', userId: user('line') }, message: { id: `${id}-${tag}`, ...message },
});
const channel = { channel: `D-${tag}`, team: 'T1' };
const talk = async (middleware, steps) => {
  let sender;
  const context = {
    activity: activity('a1', 'hello there'),
    turnState: new Map(),
    onSendActivities: (handler) => { sender = handler; },
  };
  await middleware(context, async () => {
    for (const one of steps) await sender(context, [one], async () => [{ id: one.id }]);
  });
};

const steps = {
  'facebook in': () => dashbot.facebook.logIncoming(facebook()),
  'facebook out': () => dashbot.facebook.logOutgoing(sent('Hello'), { recipient_id: user('facebook'), message_id: `out-${tag}` }),
  'facebook typing': () => dashbot.facebook.logOutgoing({ qs: {}, json: { recipient: { id: user('facebook') }, sender_action: 'typing_on' } }, { recipient_id: user('facebook') }),
  'facebook all': () => dashbot.facebook.log(echoed()),
  'facebook not handled': () => {
    dashbot.facebook.setNotHandled();
    return dashbot.facebook.logOutgoing(sent('Sorry?'), { recipient_id: user('facebook'), message_id: `sorry-${tag}` });
  },
  'facebook botkit': () => {
    const bot = { botkit: { config: { access_token: 'MARKER-botkit-page' } } };
    dashbot.facebook.receive(bot, { user: user('botkit'), timestamp: now, channel: 'c', text: 'kit in', mid: `kit-${tag}`, seq: 3 }, done);
    return dashbot.facebook.send(bot, { channel: user('botkit'), text: 'kit out' }, done);
  },
  'slack connect': () => dashbot.slack.logConnect({
    ok: true, self: { id: 'B1', name: 'bot' }, team: { id: 'T1', name: 'team', domain: 'd' }, users: [], channels: [], groups: [],
    ims: [{ id: `IM-${tag}`, user: user('slack-im') }], bots: [],
  }),
  'slack in': () => dashbot.slack.logIncoming({ id: 'B1' }, { id: 'T1', name: 'team' }, { type: 'message', user: user('slack'), text: 'slack in', ts: `${Math.floor(now / 1000)}.000100`, ...channel }),
  'slack noise': async () => {
    for (const type of ['hello', 'presence_change', 'reconnect_url', 'user_typing']) {
      await dashbot.slack.logIncoming({ id: 'B1' }, { id: 'T1', name: 'team' }, { type, user: user('slack'), url: 'wss://x/MARKER-reconnect', channel: `D-${tag}` });
    }
  },
  'slack out': () => dashbot.slack.logOutgoing({ id: 'B1' }, { id: 'T1', name: 'team' }, { type: 'message', text: 'slack out', channel: `D-${tag}` }),
  'slack out to im': () => dashbot.slack.logOutgoing({ id: 'B1' }, { id: 'T1', name: 'team' }, { type: 'message', text: 'first word', channel: `IM-${tag}` }),
  'slack botkit': () => {
    const bot = { identity: { id: 'B1', name: 'bot' }, team_info: { id: 'T1', name: 'team' }, config: { token: 'MARKER-slack-bot' } };
    dashbot.slack.receive(bot, { type: 'message', user: user('slack-kit'), text: 'slack kit', ts: `${Math.floor(now / 1000)}.000200`, channel: `DK-${tag}`, team: 'T1' }, done);
  },
  'kik in': () => dashbot.kik.logIncoming('MARKER-kik-key', 'botuser', { type: 'text', body: 'pat me', from: user('kik'), timestamp: now, id: `kik-${tag}`, chatId: 'chat9', participants: [user('kik')], readReceiptRequested: true }),
  'kik receipt': () => dashbot.kik.logIncoming('MARKER-kik-key', 'botuser', { type: 'read-receipt', from: user('kik'), timestamp: now, id: `kr-${tag}`, chatId: 'chat9', messageIds: ['m'] }),
  'kik send and broadcast': async () => {
    const bot = { username: 'botuser', apiKey: 'MARKER-kik-key', send: done, broadcast: done };
    dashbot.kik.configHandler(bot);
    bot.send('kik out', user('kik'), 'chat9');
    bot.broadcast('to all', [user('kik'), user('kik-two')]);
  },
  'google in and out': async () => {
    await dashbot.google.logIncoming(dialogflow, { meta: 1 });
    await soon();
    await dashbot.google.logOutgoing(dialogflow, { payload: { google: { richResponse: { items: [{ simpleResponse: { textToSpeech: 'table booked' } }] } } } }, { meta: 2 });
  },
  'google not handled': () => {
    dashbot.google.setNotHandled();
    return dashbot.google.logOutgoing({ ...dialogflow, responseId: `df2-${tag}` }, { fulfillmentText: 'sorry?' });
  },
  'google assistant': async () => {
    dashbot.google.logIncoming({ request: assistant, fulfillmentLib: '@assistant/conversation' });
    await soon();
    dashbot.google.logOutgoing(
      { request: assistant, fulfillmentLib: '@assistant/conversation' },
      { response: { status: 200, headers: {}, body: { session: {}, prompt: { firstSimple: { speech: 'Hi there', text: '' } } } }, fulfillmentLib: '@assistant/conversation' },
    );
  },
  'alexa in': () => dashbot.alexa.logIncoming(alexa('r1', 'GetWeather'), {}),
  'alexa out': () => dashbot.alexa.logOutgoing(alexa('r1', 'GetWeather'), spoken('Sunny'), {}),
  'alexa handler': () => new Promise((resolve, reject) => {
    const handler = dashbot.alexa.handler((event, context, callback) => {
      dashbot.alexa.setNotHandled();
      callback(null, spoken('What?'));
    });
    handler(alexa('r2', 'Mumble'), { succeed: done, fail: reject, done }, (error) => (error ? reject(error) : resolve()));
  }),
  'microsoft middleware': () => talk(dashbot.microsoft.middleware(), [
    answered('a2', 'hi yourself'), { ...answered('a3', ''), type: 'trace', name: 'LuisRecognizer', value: { recognizerResult: { intents: { Greet: { score: 0.9 }, Bye: { score: 0.1 } } } } },
  ]),
  'microsoft not handled': async () => {
    dashbot.microsoft.setNotHandled();
    await dashbot.microsoft.logOutgoing(answered('a9', 'pardon?'));
  },
  'microsoft deprecated': async () => {
    const microsoft = name === 'dashbot-9' || name === 'dashbot-0.8' ? old.microsoft : old.microsoftDeprecated;
    for (const platform of ['telegram', 'facebook']) {
      const address = { id: `old-${platform}-${tag}`, channelId: platform, user: { id: user(`old-${platform}`) }, bot: { id: 'BOT' }, conversation: { id: 'c' } };
      microsoft.receive({ type: 'message', source: platform, text: 'old in', user: address.user, address }, done);
      microsoft.send({ type: 'message', source: platform, text: 'old out', address: { ...address, id: `old-out-${platform}-${tag}` } }, done);
    }
  },
  'generic family': async () => {
    for (const platform of ['generic', 'universal', 'webchat', 'botcopy', 'twitter', 'recast', 'sms', 'skype', 'viber', 'wechat']) {
      const client = dashbot[platform];
      if (!client || !client.logIncoming) continue;
      await client.logIncoming(generic(platform, 'in', { sessionId: `s-${tag}`, intent: { name: 'ask', confidence: 0.8 }, platformUserJson: { firstName: 'Ann', locale: 'en_GB' } }));
      await client.logOutgoing(generic(platform, 'out', { sessionId: `s-${tag}`, buttons: [], images: [] }));
    }
  },
  'generic yesterday': () => dashbot.generic.logIncoming(generic('yesterday', 'late', { dashbot_timestamp: now - 86400000 })),
  'generic not handled': () => {
    dashbot.generic.setNotHandled();
    return dashbot.generic.logOutgoing(generic('generic', 'what?'));
  },
  'message util': () => dashbot.generic.logIncoming(dashbot.generic.messageUtil.messageWithText(user('util'), 'txt', 'CONV1')),
  'events': async () => {
    for (const made of [
      event((util, id, place) => util.createCustomEvent('evt', id, place, { a: 1 })),
      event((util, id, place) => util.createPageLaunchEvent(id, place)),
      event((util, id, place) => util.createShareEvent(id, place, { text: 'x' })),
      event((util, id, place) => util.createRevenueEvent(id, place, 17.45, 'REF1', { sku: 'a' })),
      { type: 'referralEvent', userId: user('events'), conversationId: 'C1', ref: 'r', source: 's' },
    ]) await dashbot.generic.logEvent(made);
  },
  'line': async () => {
    await dashbot.line.logIncoming(line('l1', { type: 'text', text: 'line in' }));
    await dashbot.line.logIncoming(line('l2', { type: 'sticker', packageId: '1', stickerId: '52' }));
    await dashbot.line.logOutgoing({ type: 'user', userId: user('line') }, { type: 'image', originalContentUrl: 'http://o', previewImageUrl: 'http://p' });
  },
  'nothing': () => dashbot.generic.logIncoming(undefined),
};

require('./runner.js')(steps, said, soon);
