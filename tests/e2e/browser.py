"""Headless Chromium through the DevTools protocol over a pipe, for tests. Standard library only.

    with Browser(folder) as browser:
        page = browser.open("http://127.0.0.1:1234/")
        page.click("nav a[href='#jobs']")
        page.wait("document.querySelector('h1').textContent === 'Jobs'")

Clicks, keys and drops are input events as the browser gets them from people. Nothing sleeps: a page is
waited for by a condition that it is asked for at each of its frames.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import zlib

TIMEOUT_S = 60
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Trouble(Exception):
    """What the browser or the page says went wrong."""


class Browser:
    def __init__(self, folder):
        self.folder, self.next, self.events, self.rest = pathlib.Path(folder), 0, [], b""

    def __enter__(self):
        read_end, self.to = os.pipe()
        self.source, write_end = os.pipe()

        def arrange():  # in the child: what it reads is 3, what it writes 4
            low, high = os.dup(read_end), os.dup(write_end)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.log = open(self.folder / "chromium.log", "wb")
        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--no-first-run", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder / 'chromium'}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=arrange,
            pass_fds=(3, 4))
        os.close(read_end)
        os.close(write_end)
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(TIMEOUT_S)
        except (OSError, Trouble, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.source)
        self.log.close()

    def receive(self):
        while b"\0" not in self.rest:
            more = os.read(self.source, 1 << 16)
            if not more:
                raise Trouble(f"the browser is gone; see {self.log.name}")
            self.rest += more
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.next += 1
        message = {"id": self.next, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while (answer := self.receive()).get("id") != self.next:
            self.events.append(answer)
        if "error" in answer:
            raise Trouble(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url, width=1000, height=900):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            page.call(f"{domain}.enable")
        page.size(width, height)
        page.call("Page.navigate", url=url)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def dark(self, is_dark):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])

    def evaluate(self, expression):
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                         returnByValue=True)
        if "exceptionDetails" in done:
            raise Trouble(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def wait(self, condition, timeout_s=TIMEOUT_S):
        """Until the expression is true, looked at with each frame."""
        is_true = self.evaluate(f"""new Promise((resolve) => {{
            const end = performance.now() + {timeout_s * 1000};
            const look = () => {{
                let is_so = false;
                try {{ is_so = Boolean({condition}); }} catch (error) {{ is_so = false; }}
                if (is_so || performance.now() > end) resolve(is_so);
                else setTimeout(look, 16);
            }};
            look();
        }})""")
        if not is_true:
            raise Trouble(f"not so within {timeout_s} s: {condition}; the page says:\n{self.text()}")

    def text(self, selector="body"):
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def place(self, selector):
        """The middle of an element, scrolled to."""
        spot = self.evaluate(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            if (!found) return null;
            found.scrollIntoView({{block: "center"}});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        if spot is None:
            raise Trouble(f"there is no {selector}; the page says:\n{self.text()}")
        return spot

    def click(self, selector):
        x, y = self.place(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name, code=None, text=None):
        more = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode=code or 0, **(more if kind == "keyDown" else {}))

    def enter(self):
        self.key("Enter", 13, "\r")

    def tab(self):
        self.key("Tab", 9)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def drop(self, selector, *paths):
        x, y = self.place(selector)
        data = {"items": [], "files": list(map(str, paths)), "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def choose(self, selector, *paths):
        """What a file chooser would hand over."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))

    def take_events(self, *methods):
        """Events so far of these kinds; the rest stays."""
        self.evaluate("0")  # what came before is in
        taken = [e for e in self.browser.events
                 if e.get("sessionId") == self.session and e["method"] in methods]
        self.browser.events = [e for e in self.browser.events if e not in taken]
        return [e["params"] for e in taken]

    def screenshot(self, path):
        shot = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        pathlib.Path(path).write_bytes(shot)
        return shot


def colours(png):
    """The pixels' different colours, as sets of bytes: what a blank picture has one of."""
    at, packed = 8, b""
    width = height = channels = 0
    while at < len(png):
        size, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            channels = {2: 3, 6: 4}[body[9]]
        if kind == b"IDAT":
            packed += body
        at += size + 12
    raw, stride = zlib.decompress(packed), width * channels
    before, seen = bytes(stride), set()
    for row in range(height):
        start = row * (stride + 1)
        before = unfilter(raw[start], raw[start + 1:start + 1 + stride], before, channels)
        seen.update(before[i:i + channels] for i in range(0, stride, channels))
    return seen


def unfilter(kind, line, before, channels):
    out = bytearray(line)
    for i in range(len(out) if kind else 0):
        left = out[i - channels] if i >= channels else 0
        up, corner = before[i], before[i - channels] if i >= channels else 0
        if kind == 4:
            guess = left + up - corner
            best = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                       (abs(guess - corner), 2, corner))[2]
        else:
            best = (0, left, up, (left + up) // 2)[kind]
        out[i] = (out[i] + best) & 255
    return bytes(out)
