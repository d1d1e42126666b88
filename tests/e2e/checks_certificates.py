"""TLS towards a cloud: the certificate and its name are checked, always."""
import contextlib
import os
import subprocess
import tempfile

from harness import FakeCloud, Weir, ask


@contextlib.contextmanager
def certificate(name="IP:127.0.0.1"):
    """A self-signed certificate for this name; yields (certificate, key)."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                        "-days", "2", "-subj", "/CN=fake", "-addext", "subjectAltName=" + name],
                       check=True, capture_output=True, timeout=60)
        yield cert, key


def call(fake, net="", url=None, stream=False, times=1):
    config = "targets: [{name: c, url: \"%s\", zone: cloud}]\n%s" % (url or fake.url, net)
    with Weir(config, ready=False) as w:
        return [w.post(ask("hi", stream=stream)) for _ in range(times)]


def test_an_unknown_authority_is_refused():
    with certificate() as pair, FakeCloud(tls=pair) as fake:
        answer = call(fake)[0]
        assert answer.status == 502 and answer.error()["code"] == "upstream_tls"
        assert not fake.seen


def test_a_known_authority_is_accepted():
    with certificate() as pair, FakeCloud(tls=pair) as fake:
        for stream in (False, True):
            answer = call(fake, "net: {ca_file: \"%s\"}\n" % pair[0], stream=stream)[0]
            assert answer.status == 200, answer.body


def test_another_name_is_refused():
    with certificate("DNS:elsewhere.example") as pair, FakeCloud(tls=pair) as fake:
        answer = call(fake, "net: {ca_file: \"%s\"}\n" % pair[0])[0]
        assert answer.status == 502 and answer.error()["code"] == "upstream_tls"


def test_a_host_name_is_checked_and_sent():
    with certificate("DNS:localhost") as pair, FakeCloud(tls=pair) as fake:
        asked = []
        fake.context.sni_callback = lambda sock, name, context: asked.append(name)
        answer = call(fake, "net: {ca_file: \"%s\"}\n" % pair[0],
                      url="https://localhost:%d/v1" % fake.port)[0]
        assert answer.status == 200, answer.body
        assert asked == ["localhost"], asked


def test_an_old_version_is_refused():
    import ssl  # noqa: PLC0415
    with certificate() as pair, FakeCloud(tls=pair) as fake:
        fake.context.maximum_version = ssl.TLSVersion.TLSv1_2
        net = "net: {ca_file: \"%s\", tls_least: \"1.3\"}\n" % pair[0]
        answer = call(fake, net)[0]
        assert answer.status == 502 and answer.error()["code"] == "upstream_tls"


def test_a_connection_is_kept_and_reused():
    with certificate() as pair, FakeCloud(tls=pair) as fake:
        answers = call(fake, "net: {ca_file: \"%s\"}\n" % pair[0], times=5)
        assert [a.status for a in answers] == [200] * 5
        assert fake.connections <= 2, fake.connections


def test_a_target_that_speaks_no_tls_is_told_apart():
    with FakeCloud() as fake:
        answer = call(fake, "upstream: {tls_timeout: 300ms}\n",
                      url=fake.url.replace("http:", "https:"))[0]  # it waits for a line's end
        assert answer.status == 504 and answer.error()["code"] == "upstream_timeout"
