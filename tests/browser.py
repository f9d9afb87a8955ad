"""A headless Chromium, driven by its DevTools protocol over two pipes: no package is needed."""

import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import time

PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
_OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_OPTIONS += ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
# A microphone that beeps, and nobody who has to allow it.
_OPTIONS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
_OPTIONS += ["--window-size=1000,1200", "--remote-debugging-pipe"]


@contextlib.contextmanager
def opened(profile):
    """The only tab of a new browser, whose profile lies in the folder `profile`."""
    here, commands = os.pipe()
    answers, there = os.pipe()
    # Chromium reads commands from 3 and writes answers to 4.
    shell = f'exec "$0" "$@" 3</dev/fd/{here} 4>/dev/fd/{there}'
    options = [*_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        ["sh", "-c", shell, PATH, *options],
        pass_fds=(here, there),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(here)
    os.close(there)
    try:
        yield Tab(commands, answers)
    finally:
        os.close(commands)  # ends the browser
        os.close(answers)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Tab:
    """What a person does in a tab, and what they see there.

    Attributes:
        problems: what scripts threw or wrote to the console as an error, and requests that failed.
    """

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._buffer, self._numbers, self._session = b"", itertools.count(1), None
        self.problems = []
        tabs = self._ask("Target.getTargets")["targetInfos"]
        target = next(tab["targetId"] for tab in tabs if tab["type"] == "page")
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self._ask(f"{domain}.enable")

    def open(self, url):
        """Goes to a page, and waits until it has been loaded."""
        self.problems.clear()
        self._ask("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def resize(self, width, height):
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **screen)

    def value(self, expression, wait=False):
        """The value of a JavaScript expression, as JSON has it; of a promise, if told to wait."""
        told = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait
        )
        assert "exceptionDetails" not in told, (expression, told["exceptionDetails"])
        return told["result"].get("value")

    def wait(self, expression, seconds=20):
        """Waits until a JavaScript expression holds; returns its value."""
        until = time.monotonic() + seconds
        while not (value := self.value(expression)):
            assert time.monotonic() < until, f"never came: {expression}; {self.problems}"
            time.sleep(0.02)
        return value

    def point(self, element):
        """Moves the mouse to the middle of an element, given as an expression."""
        x, y = self._middle(element)
        self._ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, element):
        x, y = self._middle(element)
        press = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, **press)

    def type(self, text):
        """Types into the element that has the focus."""
        self._ask("Input.insertText", text=text)

    def press(self, key, code, control=False):
        """Presses a key, of which Windows has the number `code`."""
        key = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 2 * control}
        self._ask("Input.dispatchKeyEvent", type="rawKeyDown", **key)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def drop(self, element, *paths, text=None):
        """Drags files, or a text, from outside onto an element, and lets go."""
        x, y = self._middle(element)
        items = [] if text is None else [{"mimeType": "text/plain", "data": text}]
        data = {"items": items, "files": list(map(str, paths)), "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._ask("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def choose_file(self, selector, path):
        """Chooses a file in an `<input type=file>`, given by its CSS selector."""
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        found = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._ask("DOM.setFileInputFiles", nodeId=found, files=[str(path)])

    def _middle(self, element):
        return self.value(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2] }})({element})"
        )

    def _ask(self, method, **params):
        message = {"id": next(self._numbers), "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            told = self._read()
            if told.get("id") == message["id"]:
                assert "result" in told, (method, told)
                return told["result"]
            self._note(told.get("method"), told.get("params"))

    def _note(self, event, told):
        if event == "Runtime.exceptionThrown":
            self.problems.append(told["exceptionDetails"])
        elif event == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.problems.append(told["args"])
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.problems.append(told["entry"])

    def _read(self):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], 60)
            assert ready, "the browser does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser ended"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)
