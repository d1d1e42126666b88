"""The official Python SDK and errors: argv[1] is the base URL, the rest are words MODE=... of the
fake cloud behind weir. Prints as JSON what a caller sees of each: its text, and what was raised."""
import json
import sys
import threading

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="not-needed", max_retries=0, timeout=20)


def seen(mode, slow):
    parts, ask = [], {"model": "auto", "messages": [{"role": "user", "content": "MODE=" + mode}]}
    try:
        for chunk in client.chat.completions.create(**ask, stream=True):
            parts += [c.delta.content or "" for c in chunk.choices]
            if slow:  # a reader that lags finds everything in its buffers, the end too
                threading.Event().wait(0.2)
    except openai.APIError as e:
        return {"text": "".join(parts), "raised": type(e).__name__, "said": e.message,
                "status": getattr(e, "status_code", None)}
    except Exception as e:
        return {"text": "".join(parts), "raised": type(e).__name__, "said": str(e)}
    return {"text": "".join(parts), "raised": None}


print(json.dumps({m: [seen(m, False), seen(m, True)] for m in sys.argv[2:]}))
