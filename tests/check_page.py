#!/usr/bin/env python3
"""Can a report be read: by browsers, on a phone, by people who see little contrast, on paper?

Takes a page, or the report of a run, or that of a short training, and holds it to this:
  - HTML5 without a parse error (html5lib, when it is there), under 3 MB, nothing outside the file;
  - in headless Chromium no message on the console;
  - at 375, 800 and 1280 pixels no element sticks out of the page, in both colour schemes, and no
    picture is so small that its text cannot be read;
  - every picture has a version for each colour scheme;
  - every text has the contrast that WCAG 2.1 asks for at level AA, in both colour schemes;
  - the tables are there without the script, and a click on a column sorts them;
  - what is folded is on paper, too (pdftotext, when it is there).

  check_page.py --page report.html
  check_page.py --weft build/cli/weft --run RUN --chromium /usr/bin/chromium
  check_page.py --weft build/cli/weft

Exit code 77 when there is no Chromium.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

WIDTHS = (375, 800, 1280)
PAGE_MOST = 3_000_000

# Runs inside the page and tells the page around it what it has found.
PROBE = r"""
"use strict";
function channel(v) { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }
function luminance([r, g, b]) { return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); }
function parse(text) { return text.match(/[\d.]+/g).map(Number); }
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const c = parse(getComputedStyle(at).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
}
function contrast(a, b) {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}
function texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    found.push(element);
  }
  return found;
}
function low_contrast() {
  const bad = [];
  for (const element of texts()) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const wanted = size >= 24 || (size >= 18.66 && bold) ? 3 : 4.5;
    const ratio = contrast(parse(style.color), ground(element));
    if (!(ratio >= wanted)) bad.push(`${element.tagName} "${element.textContent.slice(0, 40)}" ${ratio.toFixed(2)}`);
  }
  return bad;
}
function sticking_out() {
  const width = document.documentElement.clientWidth, bad = [];
  if (document.documentElement.scrollWidth > width) bad.push(`page ${document.documentElement.scrollWidth} > ${width}`);
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest(".wide") && !element.classList.contains("wide")) continue;
    if (element.closest("pre") && element.tagName !== "PRE") continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.right > width + 0.5) bad.push(`${element.tagName} ends at ${box.right.toFixed(1)} of ${width}`);
  }
  return bad;
}
function broken_pictures() {
  return Array.from(document.images).filter(i => !i.complete || i.naturalWidth === 0 || !i.alt).map(i => i.alt || "without alt");
}
// Text of 11 units is to be 8 pixels high.
function small_pictures() {
  return Array.from(document.images, i => [i.alt, i.getBoundingClientRect().width / Number(i.getAttribute("width"))])
    .filter(([, scale]) => !(scale >= 8 / 11)).map(([alt, scale]) => `${alt}: ${scale.toFixed(2)}`);
}
function without_dark() {
  return Array.from(document.images).filter(i => !i.parentElement.querySelector('source[media*="dark"]')).map(i => i.alt);
}
function unsorted() {
  const table = document.querySelector("table.sortable"), bad = [];
  if (!table) return bad;
  const column = table.tHead.rows[0].cells[0];
  const keys = () => Array.from(table.tBodies[0].rows, r => r.cells[0].textContent);
  const before = keys().slice().sort().join();
  column.querySelector("button").click();
  const up = keys();
  column.querySelector("button").click();
  if (up.join() !== keys().reverse().join()) bad.push("two clicks do not turn the rows round");
  if (up.slice().sort().join() !== before) bad.push("rows were lost");
  return bad;
}
addEventListener("load", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  parent.postMessage({
    dark: matchMedia("(prefers-color-scheme: dark)").matches, width: document.documentElement.clientWidth,
    texts: texts().length, pictures: document.images.length, tables: document.querySelectorAll("table").length,
    contrast: low_contrast(), sticking_out: sticking_out(), broken: broken_pictures(), unsorted: unsorted(),
    small: small_pictures(), without_dark: without_dark()
  }, "*");
});
"""

AROUND = """<!DOCTYPE html><meta charset="utf-8"><title>around</title>
<iframe src="probed.html" width="%d" height="900" style="border:0"></iframe><pre id="found"></pre>
<script>addEventListener("message", e => { found.textContent = JSON.stringify(e.data); });</script>"""


def fail(text):
    sys.exit("check_page: " + text)


def make_page(options, folder):
    page, run = os.path.join(folder, "report.html"), options.run
    if not run:
        run = os.path.join(folder, "run")
        subprocess.run([options.weft, "train", "seed-cnn", "--data", "fashion-mnist", "--limit", "2000", "--epochs", "2",
                        "--device", "cpu", "--no-report", "--quiet", "--out", run], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.weft, "report", run, "--device", "cpu", "-o", page, "--quiet"], check=True)
    return page


def check_text(page):
    text = open(page, encoding="utf-8").read()
    size = os.path.getsize(page)
    if size > PAGE_MOST:
        fail(f"{page}: {size} bytes")
    outside = re.findall(r'(?:src|srcset|href)\s*=\s*"(?!data:|#)([^"]*)', text)
    if outside or "@import" in text or "url(" in text:
        fail(f"{page} leads outside: {outside[:3]}")
    try:
        import html5lib
    except ImportError:
        return text, ["whether it is valid HTML5 (there is no html5lib)"]
    parser = html5lib.HTMLParser()
    parser.parse(text)
    if parser.errors:
        fail(f"{page}: {parser.errors[:3]}")
    return text, []


def look(chromium, folder, dark):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--window-size=1400,1000",
             "--virtual-time-budget=20000", "--user-data-dir=" + os.path.join(folder, "profile"),
             "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1)]
    done = subprocess.run([chromium, *flags, "--dump-dom", "file://" + os.path.join(folder, "around.html")],
                          capture_output=True, text=True, timeout=300)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    if said:
        fail("the console says: " + said[0])
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    if not found or not found.group(1):
        fail("Chromium told nothing: " + done.stderr[-500:])
    import html
    return json.loads(html.unescape(found.group(1)))


def check_view(chromium, folder, width, dark):
    with open(os.path.join(folder, "around.html"), "w", encoding="utf-8") as file:
        file.write(AROUND % width)
    seen = look(chromium, folder, dark)
    if seen["dark"] != dark or seen["width"] != width:
        fail(f"Chromium showed it {seen['width']} wide, dark: {seen['dark']}")
    if seen["texts"] < 20 or seen["pictures"] < 1 or seen["tables"] < 2:
        fail(f"the page is nearly empty: {seen}")
    for what in ("contrast", "sticking_out", "broken", "unsorted", "small", "without_dark"):
        if seen[what]:
            fail(f"at {width} px, {'dark' if dark else 'light'}, {what}: {seen[what][:5]}")
    return seen


def folded_rows(text):
    """The numbers of every row of every folded table."""
    for table in re.findall(r"<details>.*?</details>", text, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", table)[1:]
        if not rows:
            fail("a folded table has no rows")
        for row in rows:
            yield [number for number in re.findall(r'<td class="number">([^<]*)', row) if number]


def check_paper(chromium, folder, page, text):
    rows = list(folded_rows(text))
    if text.count("<details>") < 2 or not all(rows):
        fail(f"{text.count('<details>')} folded tables, of epochs and of steps, with {len(rows)} rows")
    if not shutil.which("pdftotext"):
        return ["the page on paper (there is no pdftotext, of poppler-utils)"]
    pdf = os.path.join(folder, "page.pdf")
    subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + os.path.join(folder, "profile"),
                    "--print-to-pdf=" + pdf, "file://" + os.path.abspath(page)], check=True, capture_output=True, timeout=300)
    paper = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    paper = re.sub(r" +\*", "*", paper)  # of the best epoch
    lost = [row for row in rows if not re.search(r"\s" + r"\s+".join(re.escape(cell.replace(" ", "")) for cell in row) + r"\s", paper)]
    if lost:
        fail(f"{len(lost)} rows of folded tables are not on paper: {lost[:3]}")
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page")
    parser.add_argument("--weft")
    parser.add_argument("--run")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    options = parser.parse_args()
    if not options.chromium or not os.path.exists(options.chromium):
        print("skipped: no Chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        page = options.page or make_page(options, folder)
        text, unchecked = check_text(page)
        unchecked += check_paper(options.chromium, folder, page, text)
        with open(os.path.join(folder, "probed.html"), "w", encoding="utf-8") as file:
            file.write(text.replace("</body>", "<script>" + PROBE + "</script></body>"))
        for dark in (False, True):
            for width in WIDTHS:
                seen = check_view(options.chromium, folder, width, dark)
        print(f"{seen['texts']} texts, {seen['pictures']} pictures, {seen['tables']} tables: "
              f"{len(WIDTHS)} widths, both colour schemes")
        for what in unchecked:
            print("not checked:", what)


main()
