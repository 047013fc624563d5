"""What every reader must say about files that are broken before their format is looked at."""

import gzip

import pytest

from tinydmn.errors import UserError


def write(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def message(read, *given):
    """The one line that reading ends in."""
    with pytest.raises(UserError) as error:
        read(*given)
    assert "\n" not in str(error.value)
    return str(error.value)


def check_whole_file_mistakes(tmp_path, read, good):
    """`read(path)` names the file and a mend where it is missing, a folder, empty, cut or mislabelled; `good` is a file's text it can read."""
    packed = gzip.compress((good * 50).encode())
    assert message(read, tmp_path / "none.txt") == f"{tmp_path / 'none.txt'}: no such file; check the name"
    assert message(read, tmp_path) == f"{tmp_path}: is a folder, not a file; give a file"
    assert message(read, "a\0b").startswith("a\0b: no file can have this name here")
    rotten = packed[:30] + bytes(b ^ 255 for b in packed[30:50]) + packed[50:]
    for name, content, problem in [("empty.txt", b"", "empty; "), ("blank.txt", b" \n\n", "empty; "), ("empty.gz", b"", "empty; "),
                                   ("plain.gz", good, "ends in .gz but is not a gzip file; "), ("cut.gz", packed[:-12], "broken gzip file ("),
                                   ("rotten.gz", rotten, "broken gzip file (")]:
        path = write(tmp_path, content, name)
        assert message(read, path).startswith(f"{path}: {problem}"), name
    image = write(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "image.png")
    assert message(read, image).startswith(f"{image}:1: "), "binary"
