# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""What MkDocs does otherwise than the pages mean it, or leaves undone."""
import re


def on_nav(nav, files, **_):
    """Ends with an error where a page of docs/ is not in the navigation."""
    from mkdocs.exceptions import PluginError  # the tests of the rest have no MkDocs

    there = {page.file.src_path for page in nav.pages}
    for file in files.documentation_pages():
        if file.src_path.startswith('docs/') and file.src_path not in there:
            raise PluginError(f'{file.src_path}: expected a line in tools/site/mkdocs.yml, got none')


def on_page_markdown(markdown, **_):
    """In code within a table the pages escape a bar, which MkDocs would show as it is written."""
    return re.sub(r'^\|.*$',
                  lambda row: re.sub('`[^`]*`', lambda code: code[0].replace(r'\|', '|'), row[0]),
                  markdown,
                  flags=re.MULTILINE)
