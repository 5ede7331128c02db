"""The script of the README that prints a dictConfig as Onggi's configuration."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def save_script(folder):
    """Writes the README's to_onggi.py to the folder; returns its path."""
    with open(os.path.join(HERE, '../../README.md'), encoding='utf-8') as f:
        text = f.read()
    script = re.search(r'<code>to_onggi\.py</code>.*?```python\n(.*?)```', text, re.S)
    path = os.path.join(folder, 'to_onggi.py')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(script[1])
    return path


def to_onggi(folder, settings):
    """What the script prints of a settings module's text: the TOML, and the lines about what cannot move."""
    with open(os.path.join(folder, 'settings.py'), 'w', encoding='utf-8') as f:
        f.write(settings)
    ran = subprocess.run([sys.executable, save_script(folder), 'settings'], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, universal_newlines=True, encoding='utf-8')
    if ran.returncode != 0:
        raise RuntimeError('to_onggi.py failed: ' + ran.stderr)
    return ran.stdout, ran.stderr.splitlines()
