"""Libraries that most runs never use cost them nothing."""

import json.decoder
import subprocess
import sys

import pytest

from synkro_resources.late_module import LateModule


def test_a_late_module_gives_the_names_of_the_real_one_and_misses_what_that_lacks():
    late = LateModule("json.decoder")
    assert late.JSONDecoder is json.decoder.JSONDecoder
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = late.no_such_name


def test_a_run_that_asks_no_model_does_not_pay_a_second_for_the_library_of_the_ai_provider():
    script = (
        "import sys, synkro_assets.definitions; print([name for name in ('openai', 'altair') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]"
