"""The page that lists the reports."""

import re

from src.reports.error_report import write_error_report


def test_written_reports_are_linked_and_others_name_their_command(two_experiments, dataset):
    write_error_report("first", dataset, two_experiments)
    page = two_experiments.reports_html.read_text()
    links = re.findall('href="(.*?)"', page)
    assert links == ["error_report.html"] and (two_experiments.oof_dir / links[0]).exists()
    assert page.count("not yet") == 3
    assert len(re.findall("<code>python -m scripts[.]", page)) == 4
    assert 'href="index.html"' in two_experiments.error_report_html.read_text()
    assert "<code>python -m scripts.analyze_errors first</code>" in two_experiments.error_report_html.read_text()
