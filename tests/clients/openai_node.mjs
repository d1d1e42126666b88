// The official Node SDK through weir: argv[2] is the base URL, argv[3] the folder it is installed in.
// Prints what it saw as JSON.
import { createRequire } from 'node:module';
const OpenAI = createRequire(process.argv[3] + '/')('openai').default;

const client = new OpenAI({
  baseURL: process.argv[2], apiKey: 'not-needed', maxRetries: 0, timeout: 120000 });
const ask = {
  model: 'auto', max_tokens: 24, temperature: 0,
  messages: [{ role: 'user', content: 'What is the capital of France?' }] };
const out = { models: [] };
for await (const m of client.models.list()) out.models.push(m.id);

const { data, response } = await client.chat.completions.create(ask).withResponse();
out.whole = data.choices[0].message.content;
out.zone = response.headers.get('x-weir-zone');
out.usage = data.usage.total_tokens;

out.streamed = '';
const stream = await client.chat.completions.create(
  { ...ask, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  out.streamed += chunk.choices[0]?.delta?.content ?? '';
  if (chunk.usage) out.stream_usage = chunk.usage.total_tokens;
}
const say = (e) => [e.status, e.code, e.param];
await client.chat.completions.create({ ...ask, model: 'no-such-model' }).catch(
  (e) => { out.error = say(e); });
await client.chat.completions.create({ ...ask, messages: [] }).catch((e) => { out.bad = say(e); });
console.log(JSON.stringify(out));
