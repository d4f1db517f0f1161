"""Annotations that were downloaded from the error report."""

import pytest

from src.common.errors import InputError
from src.data.folds import load_folds
from src.reports.annotations import load_annotations


@pytest.fixture
def labels(small):
    return load_folds(small).labels


def test_annotations_are_read(labels, tmp_path):
    path = tmp_path / "annotations.csv"
    path.write_text(f"row,label,annotation\n10,{labels[10]},mislabelled\n3,{labels[3]},model error\n")
    assert load_annotations(path, labels).to_dict("list") == {
        "row": [10, 3],
        "label": [labels[10], labels[3]],
        "annotation": ["mislabelled", "model error"],
    }


def test_a_file_without_annotations_is_read(labels, tmp_path):
    path = tmp_path / "annotations.csv"
    path.write_text("row,label,annotation\n")
    assert load_annotations(path, labels).empty


@pytest.mark.parametrize(
    "content",
    [
        "",
        "row\n3\n",
        "row,label,annotation\n300,LABEL,mislabelled\n",
        "row,label,annotation\n-1,LABEL,mislabelled\n",
        "row,label,annotation\n3,LABEL,fine\n",
        "row,label,annotation\n3,LABEL,\n",
        "row,label,annotation\n3.5,LABEL,mislabelled\n",
        "row,label,annotation\n,LABEL,mislabelled\n",
        "row,label,annotation\n3,LABEL,mislabelled\n3,LABEL,ambiguous\n",
        "row,label,annotation\n3,11,mislabelled\n",
        None,
    ],
)
def test_other_files_are_refused(labels, tmp_path, content):
    path = tmp_path / "annotations.csv"
    if content is not None:
        path.write_text(content.replace("LABEL", str(labels[3])))
    with pytest.raises(InputError, match=rf"{path} .*download"):
        load_annotations(path, labels)
