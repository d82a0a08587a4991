"""Chromium, driven by its own protocol, as far as it takes to see when a page is painted."""

import fcntl
import json
import os
import subprocess
import time

from worker import TOKEN, median


class Browser:
    """Chromium by its own protocol over two pipes."""

    def __init__(self, folder):
        (ours, theirs), (back, answers) = os.pipe(), os.pipe()
        self.number, self.rest, self.write, self.read = 0, b"", theirs, back
        ours, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (ours, answers))
        arguments = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
        script = f'exec chromium "$@" 3<&{ours} 4>&{answers}'
        self.process = subprocess.Popen(["bash", "-c", script, "chromium", *arguments], pass_fds=(ours, answers),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method, **parameters):
        """A command, and its answer."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            command["sessionId"] = self.session
        os.write(self.write, json.dumps(command).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                self.rest += os.read(self.read, 1 << 16)
            said, self.rest = self.rest.split(b"\0", 1)
            said = json.loads(said)
            if said.get("id") == self.number:
                return said["result"]

    def value(self, expression):
        """What an expression comes to; none while the page goes."""
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return said.get("result", {}).get("value")

    def wait(self, expression):
        """Until it is true."""
        while not self.value(f"!!({expression})"):
            time.sleep(0.02)


def painted(port, folder):
    """First contentful paint of the first page, in milliseconds: five times, the median."""
    browser, url = Browser(folder), f"http://127.0.0.1:{port}"
    browser.ask("Page.navigate", url=f"{url}/login")
    browser.wait("document.querySelector('#token')")
    browser.value(f"document.querySelector('#token').value = '{TOKEN}'; document.querySelector('form').requestSubmit()")
    browser.wait("document.querySelector('.cards')")
    paints = []
    for _ in range(5):
        browser.ask("Page.navigate", url=f"{url}/why")
        browser.wait("document.querySelector('#of') && document.readyState === 'complete'")
        browser.ask("Page.navigate", url=f"{url}/")
        paint = "performance.getEntriesByName('first-contentful-paint')[0]"
        browser.wait(f"document.querySelector('.cards') && {paint}")
        paints.append(browser.value(f"{paint}.startTime"))
    browser.process.kill()
    return median(paints)
