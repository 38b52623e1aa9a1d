# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""check_links.py FOLDER: every link of the site's pages leads to a file, and to a place in it, that is
there. Links out of the site are not followed."""
import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):

    def __init__(self, path):
        super().__init__()
        self.links = []
        self.places = {''}
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == 'id' or (tag == 'a' and name == 'name'):
                self.places.add(value)
            elif name == 'href' and tag == 'a' or name == 'src' and tag == 'img':
                self.links.append(value)


def faults(folder):
    pages = {}

    def page(path):
        if path not in pages:
            pages[path] = Page(path)
        return pages[path]

    for path in sorted(folder.rglob('*.html')):
        if path.name == '404.html' or (folder / 'reference') in path.parents:  # Doxygen checks its own
            continue
        for link in page(path).links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = path
            if url.path:
                target = (path.parent / urllib.parse.unquote(url.path)).resolve()
                if target.is_dir():
                    target /= 'index.html'
            if not target.is_file():
                yield f'{path.relative_to(folder)}: {link} leads nowhere'
            elif target.suffix == '.html' and urllib.parse.unquote(url.fragment) not in page(target).places:
                yield f'{path.relative_to(folder)}: {link}: no such place'
    if len(pages) < 20:
        yield f'{folder}: expected a site, found {len(pages)} pages'


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    found = list(faults(pathlib.Path(arguments[0]).resolve()))
    print('\n'.join(found), end='\n' if found else '', file=sys.stderr)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
