#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""check_pictures.py FOLDER: whether what `tools/pictures.sh --all FOLDER` wrote can be read.

SVG is parsed, PNG measured, PDF read by pdftotext, and each report opened by Chromium without a
window: no message on its console, wide and narrow, and printed. Where pdftotext or Chromium are not
there, says so and leaves those out.
"""
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SVG = '{http://www.w3.org/2000/svg}'
KINDS = [
    'before_after', 'classwise', 'corp', 'cumulative', 'dark', 'groups', 'reliability',
    'risk_coverage', 'smooth'
]


def require(holds, path, what):
    if not holds:
        sys.exit(f'{path}: {what}')


def svg_size(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    require(root.tag == SVG + 'svg', path, 'not an SVG')
    require(root.find(SVG + 'desc') is not None, path, 'no description')
    require(any(text.text for text in root.iter(SVG + 'text')), path, 'no text')
    for element in root.iter():
        for name, value in element.attrib.items():
            require(not re.search(r'\b(nan|inf)\b', value), path, f'{name}="{value}"')
    return [float(root.get(side).removesuffix('pt')) for side in ('width', 'height')]


def png_size(path):
    start = path.read_bytes()[:24]
    require(start.startswith(b'\x89PNG\r\n\x1a\n') and start[12:16] == b'IHDR', path, 'not a PNG')
    return struct.unpack('>II', start[16:24])


def pdf_text(path):
    return subprocess.run(['pdftotext', '-layout', path, '-'], check=True, capture_output=True,
                          text=True).stdout


def check_pictures(folder):
    for kind in KINDS:
        size = svg_size(folder / f'{kind}.svg')
        png = folder / f'{kind}.png'
        for points, pixels in zip(size, png_size(png)):
            require(abs(pixels - 2 * points) <= 2, png, f'{pixels} pixels for {points} points')
        pdf = folder / f'{kind}.pdf'
        require(pdf.read_bytes().startswith(b'%PDF-'), pdf, 'not a PDF')
        if shutil.which('pdftotext'):
            require(re.search('confidence|coverage', pdf_text(pdf)), pdf, 'no text on it')


def check_report(browser, path):
    with tempfile.TemporaryDirectory() as scratch:

        def browse(*flags):
            done = subprocess.run([
                browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                '--enable-logging=stderr', f'--user-data-dir={scratch}/profile', *flags,
                path.resolve().as_uri()
            ], capture_output=True, text=True, timeout=120)
            require(done.returncode == 0, path, f'{browser} ends with {done.returncode}')
            said = [line for line in done.stderr.splitlines() if 'CONSOLE' in line]
            require(not said, path, f'on the console: {said}')
            return done.stdout

        page = browse('--dump-dom')
        require(page.rstrip().endswith('</html>') and '<svg' in page, path, 'not the whole page')
        for width in (390, 1280):
            picture = pathlib.Path(scratch) / f'{width}.png'
            browse(f'--window-size={width},1200', f'--screenshot={picture}')
            require(png_size(picture) == (width, 1200), path, f'no screenshot {width} wide')
        printed = pathlib.Path(scratch) / 'printed.pdf'
        browse('--no-pdf-header-footer', f'--print-to-pdf={printed}')
        require(printed.read_bytes().startswith(b'%PDF-'), path, 'does not print')
        if shutil.which('pdftotext'):
            text = pdf_text(printed)
            for heading in ('Pictures', 'Tests of calibration', 'Bins', 'Groups'):
                require(heading in text, path, f'{heading} is not printed')


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    folders = sorted(path for path in pathlib.Path(arguments[0]).iterdir() if path.is_dir())
    require(folders, arguments[0], 'no folders in it')
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    for folder in folders:
        check_pictures(folder)
        if browser:
            check_report(browser, folder / 'report.html')
    if not shutil.which('pdftotext'):
        print('pdftotext (poppler-utils) is not there: PDF was not read')
    if not browser:
        print('chromium is not there: no report was opened')
    print(f'{len(folders)} folders of {len(KINDS)} kinds of pictures and a report')


if __name__ == '__main__':
    main(sys.argv[1:])
