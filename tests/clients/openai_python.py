"""The official Python SDK through weir: argv[1] is the base URL. Prints what it saw as JSON."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="not-needed", max_retries=0, timeout=120)
ASK = {"model": "auto", "max_tokens": 24, "temperature": 0,
       "messages": [{"role": "user", "content": "What is the capital of France?"}]}
out = {"models": [m.id for m in client.models.list()]}

raw = client.chat.completions.with_raw_response.create(**ASK)
whole = raw.parse()
out["whole"] = whole.choices[0].message.content
out["zone"] = raw.headers["x-weir-zone"]
out["usage"] = whole.usage.total_tokens

parts, usage = [], None
for chunk in client.chat.completions.create(**ASK, stream=True,
                                            stream_options={"include_usage": True}):
    parts += [c.delta.content or "" for c in chunk.choices]
    usage = chunk.usage or usage
out["streamed"] = "".join(parts)
out["stream_usage"] = usage.total_tokens

try:
    client.chat.completions.create(**dict(ASK, model="no-such-model"))
except openai.NotFoundError as e:
    out["error"] = [e.status_code, e.code, e.param]
try:
    client.chat.completions.create(**dict(ASK, messages=[]))
except openai.BadRequestError as e:
    out["bad"] = [e.status_code, e.code, e.param]
print(json.dumps(out))
