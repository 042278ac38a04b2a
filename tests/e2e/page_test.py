#!/usr/bin/env python3
"""What the ledger's page shows of a real network, in a real browser: by clicks and keys, at two
widths, in light and dark. Nothing it loads or runs comes from elsewhere.

    page_test.py VOUCH
"""
import json
import pathlib
import sys
import tempfile
import unittest
import urllib.request

from agreed import Agreed, import_model
from arrays import ROOT, SKIP
from browser import PROGRAM, Browser, Trouble, colours

VOUCH = sys.argv.pop(1)
NODES = 5
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.network = cls.enterClassContext(Agreed(
            VOUCH, cls.folder, import_model(VOUCH, cls.folder), placements=[(2, 6)] * NODES))
        cls.job = cls.agree("answer")
        cls.url = f"http://127.0.0.1:{cls.network.ledger.http}/"
        cls.browser = cls.enterClassContext(Browser(cls.folder))

    @classmethod
    def agree(cls, name):
        return cls.network.agree(ROOT / "demo/digits_inputs.npy", "--quorum", 3, name=name)["job"]

    def open(self, place="", **size):
        page = self.browser.open(self.url + place, **size)
        page.wait("document.querySelector('h1')")
        return page

    def assert_calm(self, page):
        """Nothing was thrown, refused by the policy, or asked of anyone but this ledger."""
        said = page.take_events("Runtime.exceptionThrown", "Log.entryAdded")
        self.assertEqual([entry for entry in said], [])
        for request in page.take_events("Network.requestWillBeSent"):
            self.assertTrue(request["request"]["url"].startswith(self.url), request["request"])

    def assert_drawn(self, page, name):
        seen = colours(page.screenshot(self.folder / f"{name}.png"))
        self.assertGreater(len(seen), 20, f"{name}.png is blank")

    def test_the_network_is_shown(self):
        page = self.open()
        state = self.network.ledger.get_json("/api/state")
        text = page.text("main")
        for member in state["members"]:
            self.assertIn(member["key"][:12], text)
        for word in (state["origin"], state["founder"], state["clerk"], "4 of 4", "3 needed"):
            self.assertIn(word, text)
        self.assertEqual(page.evaluate("document.querySelectorAll('table')[0].rows.length"), NODES + 1)
        self.assert_drawn(page, "network")
        self.assert_calm(page)

    def test_a_job_is_followed_live_and_its_timeline_is_a_click_away(self):
        page = self.open()
        page.click("nav a[href='#jobs']")
        page.wait("document.querySelector('h1').textContent === 'Jobs'")
        job = self.agree("another")
        page.wait(f"document.querySelector('main a[href=\"#job/{job}\"]')")
        page.evaluate(f"window.row = document.querySelector('main a[href=\"#job/{job}\"]').closest('li'); true")
        page.wait("document.querySelector('#feed').textContent.includes('decided segment 1')")
        page.wait("window.row.textContent.includes('decided')")
        self.assertTrue(page.evaluate("window.row.isConnected"), "the row was made again: clicks on it are lost")
        page.click(f"main a[href='#job/{job}']")
        page.wait("document.querySelector('.timeline')")
        entries = [e for e in self.network.ledger.get_json(f"/api/job/{job}")["entries"]
                   if e["kind"] != "registry"]
        lines = page.evaluate("[...document.querySelectorAll('.timeline > li')].map((l) => l.innerText)")
        self.assertEqual(len(lines), len(entries))
        order = ["opened the job", "anchored", "drew 3 seats", "committed", "closed", "anchored",
                 "revealed", "decided"]
        at = -1
        for word in order:
            at = next((i for i, line in enumerate(lines) if i > at and word in line), None)
            self.assertIsNotNone(at, f"no {word} in its place:\n" + "\n".join(lines))
        self.assertIn("3 of 3 seats agree", page.text("main"))
        self.assert_drawn(page, "timeline")
        self.assert_calm(page)

    def test_keys_alone_are_enough(self):
        page = self.open()
        for _ in range(3):  # the link that skips, the network, the jobs
            page.tab()
        self.assertEqual(page.evaluate("document.activeElement.hash"), "#jobs")
        page.enter()
        page.wait("document.querySelector('h1').textContent === 'Jobs'")
        self.assertEqual(page.evaluate("document.querySelector('[aria-current]').hash"), "#jobs")

    def test_a_narrow_screen_scrolls_one_way(self):
        for place in ("", "#jobs", f"#job/{self.job}"):
            page = self.open(place, width=360, height=800)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360, place)
            page.dark(True)
            self.assert_drawn(page, "narrow")

    def test_what_strangers_wrote_is_text(self):
        page = self.open("#jobs")
        page.evaluate(f"""(async () => {{
            const state = await (await fetch("/api/state")).json();
            const evil = {json.dumps(HOSTILE)};
            for (const member of state.members) member.operator = evil;
            state.origin = evil;
            const {{networkView}} = await import("/page/network_view.js");
            document.getElementById("view").replaceChildren(...networkView(state, null));
        }})()""")
        self.assertIn(HOSTILE, page.text("h1"))
        self.assertEqual(page.evaluate("document.querySelectorAll('main img').length"), 0)
        self.assertNotEqual(page.evaluate("document.title"), "taken")

    def test_the_policy_lets_nothing_else_run(self):
        with urllib.request.urlopen(self.url) as got:
            policy = got.headers["Content-Security-Policy"]
        self.assertNotIn("unsafe-inline", policy)
        self.assertIn("connect-src 'self'", policy)
        page = self.open()
        page.evaluate("""(() => { const bad = document.createElement("script");
            bad.textContent = "document.title = 'taken'"; document.body.append(bad); })()""")
        self.assertNotEqual(page.evaluate("document.title"), "taken")
        with self.assertRaises(Trouble):
            page.evaluate("fetch('http://127.0.0.1:9/')")
        with self.assertRaises(urllib.error.HTTPError):
            self.network.ledger.get("/page/none.js")


if __name__ == "__main__":
    if PROGRAM is None:
        print("skipped: Chromium is not installed")
        sys.exit(SKIP)
    unittest.main()
