// Does what SDK_STEPS names, one after the other; prints one JSON line per step, with what the package said or threw.
'use strict';

module.exports = async (steps, said, soon) => {
  for (const step of JSON.parse(process.env.SDK_STEPS)) {
    said.length = 0;
    let error = '';
    try {
      await steps[step]();
    } catch (thrown) {
      error = String(thrown && thrown.message ? thrown.message : thrown);
    }
    await soon();
    process.stdout.write(`${JSON.stringify({ step, error, said: [...said] })}\n`);
  }
};
