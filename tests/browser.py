"""A headless Chromium that a test can look into, driven through its debugging pipe: no driver, no package."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from time import monotonic, sleep

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--remote-debugging-pipe")
LIMIT = 120                    # seconds for what should take one


class Browser:
    """One page.  Use it in a `with` block."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="tinydmn-browser-", ignore_cleanup_errors=True)
        theirs, ours = os.pipe(), os.pipe()                # they read 3 and write 4

        def pipes():
            kept = [os.dup(fd) for fd in (theirs[0], ours[1])]         # neither may be overwritten by the other
            os.dup2(kept[0], 3), os.dup2(kept[1], 4)
        self.process = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={self.profile.name}"], preexec_fn=pipes, close_fds=False,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs[0]), os.close(ours[1])
        self.to, self.of = os.fdopen(theirs[1], "wb", buffering=0), os.fdopen(ours[0], "rb", buffering=0)
        self.number, self.read, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()
        self.to.close(), self.of.close()
        self.profile.cleanup()

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params} | ({"sessionId": self.session} if self.session else {})
        self.to.write(json.dumps(message).encode() + b"\0")
        while True:
            found = self._message()
            if found.get("id") == self.number:
                assert "error" not in found, found
                return found["result"]
            self.events.append(found)

    def _message(self):
        while b"\0" not in self.read:
            read = os.read(self.of.fileno(), 1 << 20)
            assert read, "the browser has gone"
            self.read += read
        message, self.read = self.read.split(b"\0", 1)
        return json.loads(message)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def js(self, expression):
        """The value of an expression (or of a promise)."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression):
        """Until it holds."""
        end = monotonic() + LIMIT
        while not (found := self.js(expression)):
            assert monotonic() < end, f"still not: {expression}\n{self.js('document.body.innerText')}"
            sleep(0.05)
        return found

    def look(self, width, scheme="light", height=900):
        """A window of that width, light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        """The whole page as .png."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, alt=False):
        """A key by its name, such as "Enter", where the focus is."""
        code = {"Enter": 13, "Backspace": 8, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, " ": 32}[key]
        more = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code="Space" if key == " " else key, windowsVirtualKeyCode=code, modifiers=1 if alt else 0,
                      **(more if kind == "keyDown" else {}))

    def requests(self):
        """The addresses that the page has asked for since it was opened."""
        self.js("1")
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser had to say: refused by the policy, errors of the script."""
        self.js("1")
        return [event["params"] for event in self.events
                if event["method"] == "Runtime.exceptionThrown" or event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning")]
