// The official Node SDK and errors: argv[2] is the base URL, argv[3] the folder it is installed in,
// the rest are words MODE=… of the fake cloud behind weir. Prints what a caller sees of each.
import { createRequire } from 'node:module';
const OpenAI = createRequire(process.argv[3] + '/')('openai').default;

const client = new OpenAI({
  baseURL: process.argv[2], apiKey: 'not-needed', maxRetries: 0, timeout: 20000 });

async function seen(mode, slow) {
  let text = '';
  try {
    const stream = await client.chat.completions.create({
      model: 'auto', stream: true, messages: [{ role: 'user', content: 'MODE=' + mode }] });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      // a reader that lags finds everything in its buffers, the end too
      if (slow) await new Promise((done) => setTimeout(done, 200));
    }
  } catch (e) {
    return { text, raised: e.constructor.name, said: e.message, status: e.status ?? null };
  }
  return { text, raised: null };
}

const out = {};
for (const mode of process.argv.slice(4))
  out[mode] = [await seen(mode, false), await seen(mode, true)];
console.log(JSON.stringify(out));
