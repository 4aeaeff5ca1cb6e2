"""Hold the pages of the mail sink and of the fake gateway."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark; --line: #d6dae0; --soft: #5b6573; --accent: #9b1c1c; --paper: #fff; --ground: #f4f5f7;
}
@media (prefers-color-scheme: dark) {
  :root { --line: #3a414b; --soft: #a3adba; --accent: #f29b9b; --paper: #1d2127; --ground: #14171b; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: var(--ground); }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p.note { color: var(--soft); margin: 0 0 1.25rem; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: left; padding: .55rem .75rem; border-top: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
thead th { border-top: 0; font-weight: 600; color: var(--soft); font-size: .85rem; }
th.when, td.when { width: 12.5rem; color: var(--soft); font-variant-numeric: tabular-nums; }
th.who, td.who { width: 15rem; }
th.files, td.files { width: 7rem; text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; padding: 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0; padding: 1rem; border-top: 1px solid var(--line); font: inherit; white-space: pre-wrap;
  overflow-wrap: anywhere; }
ul { margin: 0; padding: 1rem 1rem 1rem 2rem; border-top: 1px solid var(--line); }
.empty { padding: 3rem 1rem; text-align: center; color: var(--soft); }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; } thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  td, td.when, td.who, td.files { width: auto; border: 0; padding: .1rem .75rem; text-align: left; }
}
"""
PAGES = {
    "base": """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}{% endblock %}</title><link rel="stylesheet" href="/style.css"></head>
<body><main>{% block main %}{% endblock %}</main></body></html>""",
    "list": """{% extends "base" %}{% block title %}Hộp thư thử nghiệm{% endblock %}{% block main %}
<h1>Hộp thư thử nghiệm</h1>
<p class="note">Mọi thư của hệ thống dừng ở đây, không gửi ra ngoài. {{ mails|length }} thư, mới nhất ở trên.</p>
<div class="card">{% if mails %}<table>
<thead><tr><th class="when" scope="col">Thời gian</th><th class="who" scope="col">Người nhận</th>
<th scope="col">Tiêu đề</th><th class="files" scope="col">Đính kèm</th></tr></thead>
<tbody>{% for mail in mails %}<tr><td class="when">{{ mail.date|moment }}</td>
<td class="who">{{ mail.recipients|join(", ") }}</td>
<td><a href="/mail/{{ mail.id }}">{{ mail.subject or "(không có tiêu đề)" }}</a></td>
<td class="files">{{ mail.attachments|length or "" }}</td></tr>{% endfor %}</tbody></table>
{% else %}<p class="empty">Chưa có thư nào.<br>
Thư xuất hiện ở đây khi hồ sơ đầu tiên được tiếp nhận.</p>{% endif %}</div>
{% endblock %}""",
    "mail": """{% extends "base" %}{% block title %}{{ mail.subject or "Thư" }}{% endblock %}{% block main %}
<p class="note"><a href="/">← Tất cả thư</a></p>
<article class="card"><dl>
<dt>Tiêu đề</dt><dd><h1>{{ mail.subject or "(không có tiêu đề)" }}</h1></dd>
<dt>Người gửi</dt><dd>{{ mail.sender }}</dd><dt>Người nhận</dt><dd>{{ mail.recipients|join(", ") }}</dd>
<dt>Thời gian</dt><dd>{{ mail.date|moment }}</dd><dt>Mã thư</dt><dd>{{ mail.message_id }}</dd></dl>
<pre>{{ mail.body }}</pre>
{% if mail.attachments %}<ul>{% for file in mail.attachments %}
<li><a href="/mail/{{ mail.id }}/{{ loop.index0 }}">{{ file.name }}</a> ({{ file.content|length|size }})</li>
{% endfor %}</ul>{% endif %}</article>{% endblock %}""",
    "texts": """{% extends "base" %}{% block title %}Tin nhắn thử nghiệm{% endblock %}{% block main %}
<h1>Tin nhắn thử nghiệm</h1>
<p class="note">Mọi tin nhắn, tin Zalo của hệ thống dừng ở đây, không gửi ra ngoài. {{ messages|length }} tin, mới nhất
ở trên.</p>
<div class="card">{% if messages %}<table>
<thead><tr><th class="when" scope="col">Thời gian</th><th class="who" scope="col">Người nhận</th>
<th scope="col">Nội dung</th><th class="files" scope="col">Số đoạn</th></tr></thead>
<tbody>{% for one in messages %}<tr><td class="when">{{ one.at }}</td>
<td class="who">{{ one.to }}<br>{{ channels[one.channel] }}, từ {{ one.sender }}</td>
<td>{{ one.text }}{% if one.template %}<br>(mẫu {{ one.template }}){% endif %}</td>
<td class="files">{{ one.segments }}</td></tr>{% endfor %}</tbody></table>
{% else %}<p class="empty">Chưa có tin nào.</p>{% endif %}</div>
{% endblock %}""",
    "missing": """{% extends "base" %}{% block title %}Không có thư này{% endblock %}{% block main %}
<h1>Không có thư này</h1><p class="note"><a href="/">← Tất cả thư</a></p>{% endblock %}""",
}
