#!/usr/bin/env python3
"""Buckets of three providers: bucket.py BUCKETFETCH

The stores are stand-ins on loopback that check every signature with code of
their own; where moto (a whole S3 in Python) is installed, S3 is also asked of it.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

FETCH = os.path.abspath(sys.argv[1])     # or --serve: be the stores, for other tests
KEYS = {"id": "AKIDTEST", "secret": "secret/key+1"}
TEMPORARY = {"id": "ASIATEMP", "secret": "for/an hour", "token": "session+token/="}
AZURE_KEY = base64.b64encode(b"azure account key").decode()
OBJECTS = {
    ".sourceignore": b"*.md\n",
    "a.yaml": b"kind: A\n",
    "deploy/b.yaml": b"kind: B\n",
    "deploy/with blank & plus+.yaml": b"kind: C\n",
    "docs/x.md": b"text\n",
    "deploy/": b"",
    "gr\u00fcn.yaml": b"kind: G\n",
}
FAULTS = {}     # what goes wrong just now
SEEN = []


def etag(data):
    return hashlib.md5(data).hexdigest()


def revision(objects):
    lines = "".join("%s %s\n" % (k, v) for k, v in sorted(objects.items(), key=lambda kv: kv[0].encode()))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


KEPT = {k: etag(v) for k, v in OBJECTS.items() if k.endswith(".yaml")}


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", head=None):
        self.send_response(status)
        for k, v in (head or {}).items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, code, message, region=""):
        body = "<?xml version='1.0'?><Error><Code>%s</Code><Message>%s</Message>%s</Error>" % (
            code, message, "<Region>%s</Region>" % region if region else "")
        self.answer(status, body.encode(), {"x-amz-bucket-region": region} if region else None)

    def do_HEAD(self):
        self.serve()

    def do_GET(self):
        self.serve()

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        SEEN.append("POST %s %s" % (self.path, form))
        q = dict(urllib.parse.parse_qsl(form))
        if self.path == "/sts":
            return self.sts(q)
        if self.path == "/tenant/oauth2/v2.0/token" and q.get("client_secret") != "app secret" and not q.get("client_assertion", "").startswith("ey"):
            return self.answer(401, b"{}")
        return self.answer(200, b'{"access_token": "tok", "expires_in": 3600}')

    def sts(self, q):
        good = {"Action": "AssumeRoleWithLDAPIdentity", "Version": "2011-06-15", "LDAPUsername": "jo", "LDAPPassword": "p&w"}
        if q != good:
            return self.answer(403, b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>LDAP says no</Message></Error></ErrorResponse>")
        return self.answer(200, ("<AssumeRoleWithLDAPIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                                 "<AssumeRoleWithLDAPIdentityResult><Credentials><AccessKeyId>%(id)s</AccessKeyId>"
                                 "<SecretAccessKey>%(secret)s</SecretAccessKey><Expiration>2100-01-01T00:00:00Z</Expiration>"
                                 "<SessionToken>%(token)s</SessionToken></Credentials></AssumeRoleWithLDAPIdentityResult>"
                                 "</AssumeRoleWithLDAPIdentityResponse>" % TEMPORARY).encode())

    # What the machine gives to those who run on it: Amazon's containers, Google's metadata, Azure's App Service.
    def machine(self, path, q):
        if path == "/creds" and self.headers.get("Authorization") == "pod":
            return self.answer(200, json.dumps({"AccessKeyId": TEMPORARY["id"], "SecretAccessKey": TEMPORARY["secret"],
                                                "Token": TEMPORARY["token"], "Expiration": "2100-01-01T00:00:00Z"}).encode())
        if path == "/computeMetadata/v1/instance/service-accounts/default/token" and self.headers.get("Metadata-Flavor") == "Google":
            return self.answer(200, b'{"access_token": "tok", "expires_in": 3600}')
        if (path == "/msi" and self.headers.get("X-IDENTITY-HEADER") == "app" and q.get("resource") == "https://storage.azure.com"
                and q.get("client_id", "named") == "named"):
            return self.answer(200, b'{"access_token": "tok", "expires_in": "3600"}')
        return self.answer(404, b"{}")

    def serve(self):
        SEEN.append("%s %s" % (self.command, self.path))
        path, _, query = self.path.partition("?")
        q = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if path in ("/creds", "/msi") or path.startswith("/computeMetadata/"):
            return self.machine(path, q)
        if self.path.startswith("/storage/"):
            return self.google(urllib.parse.unquote, path, q)
        if "x-ms-version" in self.headers:
            return self.azure(path, query, q)
        return self.amazon(path, query, q)

    # ---- S3 ----

    def signed_right(self, path, query):
        auth = self.headers.get("Authorization", "")
        if not auth:
            return FAULTS.get("public", False)
        parts = dict(p.strip().split("=", 1) for p in auth[len("AWS4-HMAC-SHA256 "):].split(","))
        key_id, day, region, service, _ = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        keys = TEMPORARY if key_id == TEMPORARY["id"] else KEYS
        if keys is TEMPORARY and ("x-amz-security-token" not in names or self.headers["x-amz-security-token"] != keys["token"]):
            return False
        assert "host" in names and "x-amz-date" in names and "x-amz-content-sha256" in names
        canonical = "\n".join([self.command, path, "&".join(sorted(query.split("&"))) if query else ""] +
                              ["%s:%s" % (n, self.headers[n].strip()) for n in names] +
                              ["", ";".join(names), self.headers["x-amz-content-sha256"]])
        date = self.headers["x-amz-date"]
        text = "\n".join(["AWS4-HMAC-SHA256", date, "/".join([day, region, service, "aws4_request"]),
                          hashlib.sha256(canonical.encode()).hexdigest()])
        k = ("AWS4" + keys["secret"]).encode()
        for step in (day, region, service, "aws4_request"):
            k = hmac.new(k, step.encode(), hashlib.sha256).digest()
        good = hmac.new(k, text.encode(), hashlib.sha256).hexdigest()
        self.region = region
        return key_id == keys["id"] and good == parts["Signature"]

    def amazon(self, path, query, q):
        self.region = ""
        if not self.signed_right(path, query):
            return self.fail(403, "SignatureDoesNotMatch", "The signature does not match.")
        if FAULTS.get("region") and self.region != FAULTS["region"]:
            return self.fail(400, "AuthorizationHeaderMalformed", "wrong region", FAULTS["region"])
        bucket, _, key = urllib.parse.unquote(path[1:]).partition("/")
        if bucket != "stuff":
            return self.fail(404, "NoSuchBucket", "The specified bucket does not exist")
        if FAULTS.get("slow"):
            time.sleep(FAULTS["slow"])
        status, head = FAULTS.get("status", (0, None))
        if status and ("list-type" in q or key):
            return self.answer(status, b"", head)
        if "list-type" in q:
            return self.amazon_list(q)
        if not key:
            return self.answer(200)
        if FAULTS.get("gone") == key:
            return self.fail(404, "NoSuchKey", "The specified key does not exist.")
        if FAULTS.get("denied") == key:
            return self.fail(403, "AccessDenied", "Access Denied.")
        if key not in OBJECTS:
            return self.fail(404, "NoSuchKey", "The specified key does not exist.")
        if FAULTS.get("cut") == key:
            self.send_response(200)
            self.send_header("Content-Length", str(len(OBJECTS[key])))
            self.end_headers()
            self.wfile.write(OBJECTS[key][:3])
            self.close_connection = True
            return None
        if FAULTS.get("tears") == key:
            return self.tear(OBJECTS[key])
        tag = "new" if FAULTS.get("changed") == key else etag(OBJECTS[key])
        return self.answer(200, OBJECTS[key], {"ETag": '"%s"' % tag, "Last-Modified": "Tue, 02 Jan 2024 03:04:05 GMT"})

    def tear(self, data):
        """Three bytes at a time, and on from there."""
        at = int(self.headers.get("Range", "bytes=0-")[6:-1])
        whole = at and FAULTS.get("whole")
        self.send_response(206 if at and not whole else 200)
        if at and not whole:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (at, len(data) - 1, len(data)))
        self.send_header("Content-Length", str(len(data) - (0 if whole else at)))
        self.send_header("ETag", '"%s"' % (FAULTS.get("tag") if at and FAULTS.get("tag") else etag(data)))
        self.end_headers()
        self.wfile.write(data[at:at + 3])
        self.close_connection = True

    def amazon_list(self, q):
        if FAULTS.get("list"):
            return self.answer(200, FAULTS["list"])
        keys = sorted(k for k in list(OBJECTS) + FAULTS.get("more", []) if k.startswith(q.get("prefix", "")))
        at = int(q.get("continuation-token", "0"))
        page, rest = keys[at:at + 3], keys[at + 3:]
        out = ["<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"]
        out.append("<EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>" % ("true" if rest else "false"))
        if rest:
            out.append("<NextContinuationToken>%d</NextContinuationToken>" % (at + 3))
        for k in page:
            out.append("<Contents><Key>%s</Key><ETag>&quot;%s&quot;</ETag><Size>1</Size></Contents>" % (
                urllib.parse.quote_plus(k, safe="/"), etag(OBJECTS.get(k, b""))))
        self.answer(200, ("".join(out) + "</ListBucketResult>").encode())

    # ---- Azure ----

    def azure(self, path, query, q):
        auth = self.headers.get("Authorization", "")
        if auth.startswith("SharedKey "):
            lines = [self.command] + [""] * 11
            lines += ["x-ms-date:" + self.headers["x-ms-date"], "x-ms-version:" + self.headers["x-ms-version"]]
            text = "\n".join(lines) + "\n/acct" + path + "".join("\n%s:%s" % (k, q[k]) for k in sorted(q))
            good = base64.b64encode(hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest())
            if auth != "SharedKey acct:" + good.decode():
                return self.fail(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        elif not (q.get("sig") == "shared+sig" or auth == "Bearer tok"):
            return self.fail(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        _, account, container, *rest = urllib.parse.unquote(path).split("/", 3)
        if container != "stuff":
            return self.fail(404, "ContainerNotFound", "The specified container does not exist.")
        if q.get("comp") == "list":
            keys = sorted(k for k in OBJECTS if k.startswith(q.get("prefix", "")))
            at = int(q.get("marker", "0"))
            out = ["\ufeff<?xml version='1.0' encoding='utf-8'?><EnumerationResults><Blobs>"]
            for k in keys[at:at + 3]:
                out.append("<Blob><Name>%s</Name><Properties><Etag>%s</Etag></Properties></Blob>" % (
                    escape(k), etag(OBJECTS[k])))
            out.append("</Blobs><NextMarker>%s</NextMarker></EnumerationResults>" % (
                at + 3 if keys[at + 3:] else ""))
            return self.answer(200, "".join(out).encode())
        if not rest:
            return self.answer(200)
        if rest[0] not in OBJECTS:
            return self.fail(404, "BlobNotFound", "The specified blob does not exist.")
        return self.answer(200, OBJECTS[rest[0]], {"ETag": '"%s"' % etag(OBJECTS[rest[0]])})

    # ---- Google ----

    def google(self, unquote, path, q):
        if self.headers.get("Authorization") != "Bearer tok":
            return self.answer(401, b'{"error": {"message": "Anonymous caller does not have access"}}')
        parts = path[len("/storage/v1/b/"):].split("/")
        if parts[0] != "stuff":
            return self.answer(404, b'{"error": {"message": "Not found"}}')
        if len(parts) == 1:
            return self.answer(200, b'{"name": "stuff"}')
        if len(parts) == 2:
            keys = sorted(k for k in OBJECTS if k.startswith(q.get("prefix", "")))
            at = int(q.get("pageToken", "0"))
            body = {"items": [{"name": k, "etag": etag(OBJECTS[k])} for k in keys[at:at + 3]]}
            if keys[at + 3:]:
                body["nextPageToken"] = str(at + 3)
            return self.answer(200, json.dumps(body).encode())
        key = unquote(parts[2])
        if key not in OBJECTS:
            return self.answer(404, b'{"error": {"message": "No such object"}}')
        return self.answer(200, OBJECTS[key], {"ETag": etag(OBJECTS[key])})


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], OSError):      # clients that go away
            super().handle_error(*_)


server = Server(("127.0.0.1", 0), Store)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
if sys.argv[1] == "--serve":
    print(server.server_address[1], flush=True)
    threading.Event().wait()
HOST = "127.0.0.1:%d" % server.server_address[1]
DIR = tempfile.mkdtemp()
failures = 0


def run(*args):
    p = subprocess.run([FETCH, DIR + "/store", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                       env={"PATH": os.environ["PATH"], "TMPDIR": DIR})
    return p.stdout.decode("utf-8", "replace")


def want(name, want_text, out):
    global failures
    if want_text not in out:
        failures += 1
        print("--- %s: wanted\n%s\n--- got\n%s" % (name, want_text, out))
    left = [n for n in os.listdir(DIR) if n.startswith("bucket-")]
    if left:
        failures += 1
        print("--- %s: left behind %r" % (name, left))


FILES = """  0600 .sourceignore 5
  0600 a.yaml 8
  0750 deploy/
  0600 deploy/b.yaml 8
  0600 deploy/with blank & plus+.yaml 8
  0600 gr\u00fcn.yaml 8
"""


def good(etags):
    return "revision: %s\nevent: stored artifact with 4 fetched files from 'stuff' bucket\nurl: " \
           "http://source.example/bucket/ns/repo/%s.tar.gz\n%s" % (revision(etags), revision(etags)[7:], FILES)


GOOD = good(KEPT)
AZURE_GOOD = good({k: '"%s"' % v for k, v in KEPT.items()})     # Azure's etags count with their quotes
LOGIN = ("secret.accesskey=" + KEYS["id"], "secret.secretkey=" + KEYS["secret"])
S3 = (HOST, "stuff", "insecure=", *LOGIN)
OPS = "failed: FetchFailed BucketOperationFailed: "
AUTH = "failed: FetchFailed AuthenticationFailed: "


def amazon():
    want("s3", GOOD, run(*S3))
    want("s3 again", "revision: %s (unchanged)" % revision(KEPT), run(*S3, "again="))
    before = len(SEEN)
    run(*S3, "again=")
    gets = [s for s in SEEN[before:] if ".yaml" in s]
    want("s3 again: no second download", "4", str(len(gets)))
    want("aws", GOOD, run(*S3, "provider=aws", "region=eu-west-1"))
    want("prefix", revision({k: v for k, v in KEPT.items() if k.startswith("deploy/")}), run(*S3, "prefix=deploy/"))
    want("ignore", revision({"a.yaml": KEPT["a.yaml"]}), run(*S3, "ignore=/*\n!/a.yaml"))
    want("wrong key", OPS + "failed to confirm existence of 'stuff' bucket: Access Denied.",
         run(HOST, "stuff", "insecure=", LOGIN[0], "secret.secretkey=wrong"))
    want("no bucket", OPS + "bucket 'none' not found", run(HOST, "none", "insecure=", *LOGIN))
    want("half a secret", AUTH + "invalid 'secret' secret data: required fields 'accesskey' and 'secretkey'",
         run(HOST, "stuff", "insecure=", LOGIN[0]))
    want("aws without", AUTH + "AWS authentication failed: ",
         run(HOST, "stuff", "provider=aws"))
    want("endpoint", AUTH + "Endpoint url cannot have fully qualified paths.", run("http://x/y", "stuff"))
    want("provider", AUTH + "unsupported bucket provider 'ftp'", run(HOST, "stuff", "provider=ftp"))
    sts = (HOST, "stuff", "insecure=", "sts=http://%s/sts" % HOST)
    want("sts", GOOD, run(*sts, "sts.username=jo", "sts.password=p&w"))
    want("sts refuses", OPS + "failed to confirm existence of 'stuff' bucket: LDAP says no", run(*sts, "sts.username=jo", "sts.password=x"))
    want("sts without password", AUTH + "invalid 'secret' secret data for 'ldap' STS "
         "provider: required fields username, password", run(*sts, "sts.username=jo"))
    bad = "failed: FetchFailed InvalidSTSConfiguration (stalled): "
    want("sts of aws", bad + "STS provider 'ldap' is not supported for 'aws' bucket provider", run(*sts, "provider=aws"))
    want("sts of gcp", bad + "STS configuration is not supported for 'gcp' bucket provider", run(*sts, "provider=gcp"))
    want("sts url", "failed: FetchFailed URLInvalid (stalled): failed to parse STS endpoint 'http://[x': ", run(*S3, "sts=http://[x"))
    want("down", "connect: connection refused", run("127.0.0.1:1", "stuff", "insecure=", *LOGIN))
    want("tls", OPS, run(HOST, "stuff", *LOGIN))
    FAULTS["public"] = True
    want("public", GOOD, run(HOST, "stuff", "insecure="))
    FAULTS.clear()
    FAULTS["region"] = "eu-central-1"
    want("region is learned", GOOD, run(*S3))
    FAULTS.clear()


def faults():
    FAULTS["gone"] = "a.yaml"
    want("gone", "revision: %s\nevent: stored artifact with 3 fetched" % revision(
        {k: v for k, v in KEPT.items() if k != "a.yaml"}), run(*S3))
    FAULTS.clear()
    FAULTS["changed"] = "a.yaml"
    want("changed", "revision: %s\n" % revision({**KEPT, "a.yaml": "new"}), run(*S3))
    FAULTS.clear()
    FAULTS["denied"] = "deploy/b.yaml"
    want("denied", OPS + "fetch from bucket 'stuff' failed: failed to get 'deploy/b.yaml' object: Access Denied.",
         run(*S3))
    FAULTS.clear()
    FAULTS["cut"] = "a.yaml"
    want("cut", "failed to get 'a.yaml' object: ", run(*S3))
    want("cut", "unexpected EOF", run(*S3))
    FAULTS.clear()
    FAULTS["tears"] = "a.yaml"
    before = len(SEEN)
    want("torn", GOOD, run(*S3))
    want("torn: it goes on", "3", str(sum("a.yaml" in s for s in SEEN[before:])))
    FAULTS["tag"] = "other"
    want("torn and changed", "failed to get 'a.yaml' object: the object has changed while it was got", run(*S3))
    FAULTS["whole"] = True
    want("torn, no ranges", "failed to get 'a.yaml' object: the store does not go on with what was cut", run(*S3))
    FAULTS.clear()
    indexing = OPS + "failed to get Etag for '.sourceignore' object: "
    for status, head, text in ((401, None, "401 Unauthorized"), (500, None, "500 Internal Server Error"),
                               (429, {"Retry-After": "9"}, "429 Too Many Requests; retry after 9s"),
                               (503, {"Retry-After": "70"}, "503 Service Unavailable; retry after 1m10s"),
                               (503, None, "503 Service Unavailable\n")):
        FAULTS["status"] = (status, head)
        want("status %d" % status, indexing + text, run(*S3))
    FAULTS.clear()
    FAULTS["slow"] = 5
    want("slow", "context deadline exceeded", run(*S3, "timeout=500"))
    FAULTS.clear()
    for key in ("../up.yaml", "/abs.yaml", "a/../../b.yaml", "c\\d.yaml", "new\nline.yaml"):
        FAULTS["more"] = [key]
        want("key " + repr(key), OPS + "indexation of objects from bucket 'stuff' failed: tar contained invalid name",
             run(*S3))
    FAULTS.clear()
    for name, body, text in (
            ("bomb", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "XML syntax error: document types are not allowed"),
            ("deep", b"<a>" * 100000, "XML syntax error: too deep"),
            ("cut", b"<ListBucketResult><Contents><Key>a", "XML syntax error: unexpected EOF"),
            ("html", b"<html><body><p>hello</body>", "XML syntax error: element closed by another one"),
            ("no token", b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
             "Truncated response should have continuation token set"),
            ("for ever", b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>1"
             b"</NextContinuationToken></ListBucketResult>", "the list of objects does not go on"),
            ("large", b"<x>" + b"y" * (9 << 20) + b"</x>", "response body is larger than 8388608 bytes")):
        FAULTS["list"] = body
        want(name, text, run(*S3))
    FAULTS.clear()


def azure():
    url = "http://%s/acct" % HOST
    want("azure key", AZURE_GOOD, run(url, "stuff", "provider=azure", "secret.accountKey=" + AZURE_KEY))
    want("azure sas", AZURE_GOOD, run(url, "stuff", "provider=azure", "secret.sasKey=?sv=1&sig=shared%2Bsig"))
    app = ("secret.tenantId=tenant", "secret.clientId=app", "secret.authorityHost=http://" + HOST)
    want("azure app", AZURE_GOOD, run(url, "stuff", "provider=azure", *app, "secret.clientSecret=app secret"))
    want("azure app, wrong", "cannot fetch token: 401 Unauthorized",
         run(url, "stuff", "provider=azure", *app, "secret.clientSecret=wrong"))
    tool = lambda *argv: subprocess.run(["openssl", *argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()
    key = tool("genrsa", "2048")
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(key)
        f.flush()
        cert = tool("req", "-x509", "-key", f.name, "-subj", "/CN=app", "-days", "1")
    want("azure app with a certificate", AZURE_GOOD, run(url, "stuff", "provider=azure", *app, "secret.clientCertificate=" + key + cert))
    want("azure app without a key", AUTH + "failed to create token credential from 'secret' Secret: failed to parse client certificates: found no private key",
         run(url, "stuff", "provider=azure", *app, "secret.clientCertificate=" + cert))
    want("azure wrong", OPS + "failed to confirm existence of 'stuff' bucket: Server failed to authenticate",
         run(url, "stuff", "provider=azure", "secret.accountKey=" + base64.b64encode(b"x").decode()))
    want("azure none", OPS + "bucket 'none' not found", run(url, "none", "provider=azure", "secret.accountKey=" + AZURE_KEY))
    key = "secret.accountKey=" + AZURE_KEY
    want("azure, an app before a key", AZURE_GOOD, run(url, "stuff", "provider=azure", *app, "secret.clientSecret=app secret", "secret.accountKey=wrong"))
    want("azure, an app before a signature", AZURE_GOOD, run(url, "stuff", "provider=azure", *app, "secret.clientSecret=app secret", "secret.sasKey=wrong"))
    want("azure, a key before a signature", AZURE_GOOD, run(url, "stuff", "provider=azure", key, "secret.sasKey=wrong"))
    want("azure, a client before a key", AUTH + "there is no managed identity here", run(url, "stuff", "provider=azure", key, "secret.clientId=x"))
    want("azure, nobody", OPS + "failed to confirm existence of 'stuff' bucket: Server failed to authenticate",
         run(url, "stuff", "provider=azure", "secret.authorityHost=http://x"))
    want("azure, no account", AUTH + "failed to create shared credential from 'secret' Secret data: failed to extract account name from endpoint: "
         "expected 'x.y' to be a subdomain", run("http://x.y:1", "stuff", "provider=azure", key))
    want("azure secret", AUTH + "invalid 'secret' secret data: requires a", run(url, "stuff", "provider=azure", "secret.x=y"))


def google():
    key = subprocess.run(["openssl", "genrsa", "2048"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    account = json.dumps({"type": "service_account", "client_email": "me@x", "private_key_id": "1",
                          "private_key": key.stdout.decode(), "token_uri": "http://%s/token" % HOST})
    want("gcp", GOOD, run(HOST, "stuff", "provider=gcp", "insecure=", "secret.serviceaccount=" + account))
    jwt = [s for s in SEEN if s.startswith("POST /token")][-1].split("assertion=")[1].split(".")
    claims = json.loads(base64.urlsafe_b64decode(jwt[1] + "=="))
    want("gcp claims", "me@x https://www.googleapis.com/auth/devstorage.read_only",
         "%s %s" % (claims["iss"], claims["scope"]))
    want("gcp without", AUTH + "failed to create Google Cloud Storage client: neither secretRef", run(HOST, "stuff", "provider=gcp"))
    want("gcp secret", AUTH + "invalid 'secret' secret data: required fields 'serviceaccount'",
         run(HOST, "stuff", "provider=gcp", "secret.x=y"))
    want("gcp user", AUTH + "invalid 'secret' secret data: 'serviceaccount' must contain a service account key with 'type' set to 'service_account'",
         run(HOST, "stuff", "provider=gcp", 'secret.serviceaccount={"type": "authorized_user"}'))
    want("gcp text", AUTH + "invalid 'secret' secret data: failed to parse 'serviceaccount' as JSON",
         run(HOST, "stuff", "provider=gcp", "secret.serviceaccount=text"))


def moto():
    """A whole S3: what boto3 puts into it."""
    program = shutil.which("moto_server")
    if not program:
        print("bucket.py: no moto_server here, its part is skipped")
        return
    port = server.server_address[1] + 1
    p = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        base = "http://127.0.0.1:%d/stuff" % port
        for _ in range(600):
            if p.poll() is not None or subprocess.run(["curl", "-s", "-o", "/dev/null", base], check=False).returncode == 0:
                break
            time.sleep(0.1)
        else:
            p.kill()
        if p.poll() is not None:
            print("bucket.py: moto_server does not serve here, its part is skipped")
            return
        login = ["-u", "test:test", "--aws-sigv4", "aws:amz:us-east-1:s3"]
        subprocess.run(["curl", "-sf", *login, "-X", "PUT", base], check=True, stdout=subprocess.DEVNULL)
        for key, data in OBJECTS.items():
            if not key.endswith("/"):
                subprocess.run(["curl", "-sf", *login, "-X", "PUT", "--data-binary", "@-", "-H", "Content-Type: text/x-yaml",
                                base + "/" + urllib.parse.quote(key, safe="/+&")], input=data, check=True,
                               stdout=subprocess.DEVNULL)
        want("moto", GOOD, run("127.0.0.1:%d" % port, "stuff", "insecure=", "secret.accesskey=test", "secret.secretkey=test"))
    finally:
        p.kill()
        p.wait()


amazon()
faults()
azure()
google()
moto()
shutil.rmtree(DIR, ignore_errors=True)
if failures:
    sys.exit("bucket.py: %d failures" % failures)
print("bucket.py: good")
