"""Who is measured: how each is configured, started and called.

A gateway is one entry of GATEWAYS: `command`, the `files` that it reads, `headers` of each call,
what it adds to a bare `environment`, and `off` (what is off in it). Values are filled in: {port}
where it listens, {provider} the provider's port, {dir} its own folder, {peers} where peers are
installed, {clients} how many connections it must take, {buffering} for nginx, which would hold a
stream back.
"""
import http.client
import os
import shutil
import time

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("WEIR_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "weir")
PEERS = os.path.join(CACHE, "peers")
START_MAX_S = 90

NGINX = """worker_processes 1; daemon off; error_log stderr crit; pid {dir}/pid;
events {{ worker_connections {clients}; }}
http {{
  access_log off; keepalive_requests 10000000; keepalive_timeout 300s;
  client_body_buffer_size 256k; client_max_body_size 10m;
  client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3;
  uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
  upstream provider {{ server 127.0.0.1:{provider}; keepalive 256; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering {buffering};
    }}
  }}
}}
"""
WEIR = """gate: {{listen: "127.0.0.1:{port}", connections: {clients}}}
ledger: {{path: "{dir}/weir.db"}}
targets: [{{name: up, url: "http://127.0.0.1:{provider}/v1", model: m, zone: local}}]
"""
LITELLM = """model_list:
  - model_name: auto
    litellm_params: {{model: openai/m, api_base: "http://127.0.0.1:{provider}/v1", api_key: none}}
"""
CRABLLM = """listen = "127.0.0.1:{port}"
[providers.fake]
kind = "openai"
api_key = "none"
base_url = "http://127.0.0.1:{provider}/v1"
models = ["auto"]
"""
OWN = ("nginx", "weir")  # what is measured in every run; the others are peers
LITELLM_KEY = "sk-bench-0000"  # it refuses to start without one

GATEWAYS = {
    "nginx": {
        "command": ["nginx", "-e", "stderr", "-c", "{dir}/nginx.conf"],
        "files": {"nginx.conf": NGINX},
        "off": "a plain proxy: reads nothing, records nothing"},
    "weir": {
        "command": [os.environ.get("WEIR") or ROOT + "/weir", "serve", "-c", "{dir}/weir.yaml",
                    "--log", "warn"],
        "files": {"weir.yaml": WEIR},
        "off": "nothing: classify, scan, plan, ledger and metrics on"},
    "litellm": {
        "command": ["{peers}/litellm/bin/litellm", "--config", "{dir}/config.yaml", "--host",
                    "127.0.0.1", "--port", "{port}", "--num_workers", "1"],
        "files": {"config.yaml": LITELLM},
        "headers": ["Authorization: Bearer " + LITELLM_KEY],
        "environment": {"LITELLM_MASTER_KEY": LITELLM_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                        "LITELLM_TELEMETRY": "False"},
        "off": "one worker, no database, no guardrails"},
    "vllm-router": {
        "command": ["{peers}/vllm-router/bin/vllm-router", "--host", "127.0.0.1", "--port",
                    "{port}", "--worker-urls", "http://127.0.0.1:{provider}", "--policy",
                    "round_robin"],
        "off": "round robin over one worker, reads no prompt"},
    "crabllm": {
        "command": ["{peers}/crabllm/bin/crabllm", "serve", "--config", "{dir}/config.toml"],
        "files": {"config.toml": CRABLLM},
        "off": "no keys, no extensions, reads no prompt"},
}


class Gateway:
    """One gateway between `with` and its end, on the gateways' core."""

    def __init__(self, name, folder, provider_port):
        self.name, self.folder, self.provider_port = name, os.path.join(folder, name), provider_port
        self.spec = GATEWAYS[name]
        self.headers = self.spec.get("headers", [])
        self.process = self.port = self.start_ms = None

    def missing(self):
        """The program that is not here, or None."""
        program = self.spec["command"][0].format(peers=PEERS)
        return None if shutil.which(program) else program

    def run(self, streams=False, clients=4096):
        """Starts it anew when used as `with gateway.run():`."""
        self.port = machine.free_port()
        self.values = {"port": self.port, "provider": self.provider_port, "dir": self.folder,
                       "peers": PEERS, "buffering": "off" if streams else "on", "clients": clients}
        return self

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)  # nginx's worker is another user
        for name, text in self.spec.get("files", {}).items():
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text.format(**self.values))
        # No key or token of whoever runs the bench goes into a peer
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
                       **self.spec.get("environment", {})}
        command = [word.format(**self.values) for word in self.spec["command"]]
        begin = time.monotonic()
        self.process = machine.Process(command, machine.GATEWAY_CORE, environment, self.folder,
                                       self.folder + "/log")
        if self.name not in OWN:
            self.process.bound_memory()
        try:
            self.wait_for_answer(begin + START_MAX_S)
        except BaseException:
            self.process.stop()
            raise
        self.start_ms = (time.monotonic() - begin) * 1000
        time.sleep(0.5)  # what it still does behind its first answer
        return self

    def __exit__(self, *_):
        self.process.stop()
        machine.wait_for_port(self.port, wanted=False)

    def wait_for_answer(self, until):
        body = b'{"model":"auto","messages":[{"role":"user","content":"hello"}]}'
        headers = dict(h.split(": ", 1) for h in self.headers)
        headers["Content-Type"] = "application/json"
        said = "nothing listens"
        while not self.process.ended() and time.monotonic() < until:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
            try:
                connection.request("POST", "/v1/chat/completions", body, headers)
                status = connection.getresponse().status
                if status == 200:
                    return
                said = "status %d" % status
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.002)
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as log:
            last = log.read().strip()[-400:]
        raise RuntimeError("%s does not answer: %s; the end of its log: %s" %
                           (self.name, said, last or "nothing"))
