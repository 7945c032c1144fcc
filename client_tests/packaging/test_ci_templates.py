"""The GitHub Action and the GitLab template: their shell steps are run as the services run them."""

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from client_tests.packaging import CHECKOUT, ENVIRONMENT, run
from mock_server.check.reports import FORMATS
from mock_server.findings import FAIL_ON

ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
SPEC, JOB = yaml.safe_load_all((CHECKOUT / "templates" / "check.yml").read_text("utf-8"))
# pip need not bring the dependencies once more: they are those of the tests' own environment.
DEPENDENCIES = {"PIP_NO_DEPS": "1", "PYTHONPATH": sysconfig.get_path("purelib")}
# Sends a wrong call and a right one; its text has what a shell could misread, and its output ends without a newline.
CLIENT = """echo "it's $HOME"
for body in '{"email": 1}' '{"email": "ada@example.org"}'; do
  curl -sS "$SEGMETRICS_BASE_URL/v1/$SEGMETRICS_ACCOUNT_ID/$SEGMETRICS_INTEGRATION_ID/contact" \
    -H "Authorization: $SEGMETRICS_API_KEY" -H 'Content-Type: application/json' -d "$body"
done"""


class Runner:
    """Runs the steps of the action that are shell scripts, as a runner of GitHub does."""

    def __init__(self, folder: Path, package: Path, **inputs: str) -> None:
        self._folder = folder
        defaults = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        self.expressions = {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
        self.expressions |= {
            "github.action_path": str(package),
            "runner.temp": str(folder),
            "steps.python.outputs.python-path": sys.executable,
        }
        self._variables = {"GITHUB_ACTIONS": "true"}
        for name in ("ENV", "OUTPUT", "STEP_SUMMARY"):
            self.file(name).touch()
            self._variables[f"GITHUB_{name}"] = str(self.file(name))

    def file(self, name: str) -> Path:
        return self._folder / f"github-{name.lower()}"

    def resolved(self, text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.expressions[found[1]], text)

    def run(self, step: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        script = self._folder / "step.sh"
        script.write_text(step["run"], "utf-8")
        set_before = dict(line.split("=", 1) for line in self.file("ENV").read_text("utf-8").splitlines())
        given = {name: self.resolved(value) for name, value in step.get("env", {}).items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self._folder / self.resolved(step.get("working-directory", ".")),
            env=ENVIRONMENT | DEPENDENCIES | self._variables | set_before | given,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )


@pytest.mark.slow
def test_the_action_checks_a_client_and_reports(wheel: Path, tmp_path: Path) -> None:
    inputs = {
        "command": CLIENT,
        "fail-under": "1",
        "options": "--mode strict --isolate never",
        "baseline": "known.yaml",
    }
    runner = Runner(tmp_path, wheel, **inputs)
    install, check = (step for step in ACTION["runs"]["steps"] if "run" in step)

    assert runner.run(install).returncode == 0
    known = runner.run(check)
    runner.expressions["inputs.baseline"] = ""
    checked = runner.run(check)

    assert known.returncode == 0, known.stdout + known.stderr
    assert (tmp_path / "known.yaml").exists()
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"it's {ENVIRONMENT['HOME']}\n" in checked.stdout
    assert "\n::error " in checked.stdout
    assert "SEGMETRICS_MOCK_SCRIPTS" not in checked.stdout + checked.stderr
    assert "bad-value" in runner.file("STEP_SUMMARY").read_text("utf-8")
    reports = Path(runner.file("OUTPUT").read_text("utf-8").splitlines()[-1].removeprefix("reports="))
    assert {path.name for path in reports.iterdir()} == {"report.json", "junit.xml", "report.html", "report.sarif"}
    assert json.loads((reports / "report.sarif").read_text("utf-8"))["runs"][0]["results"]


def test_the_action_uploads_what_the_check_wrote() -> None:
    uploads = [step for step in ACTION["runs"]["steps"] if str(step.get("if", "")).startswith("always()")]

    assert [step["uses"].partition("@")[0] for step in uploads] == [
        "github/codeql-action/upload-sarif",
        "actions/upload-artifact",
    ]
    assert all("steps.check.outputs.reports" in str(step["with"]) for step in uploads)


@pytest.mark.slow
def test_the_gitlab_job_checks_a_client_and_reports(wheel: Path, tmp_path: Path) -> None:
    inputs = {name: one.get("default", "") for name, one in SPEC["spec"]["inputs"].items() if one}
    inputs |= {"command": CLIENT, "package": str(wheel), "options": "--isolate never"}
    job = JOB["segmetrics-mock"]
    variables = {
        name: inputs[value.removeprefix("$[[ inputs.").removesuffix(" ]]")] for name, value in job["variables"].items()
    }

    for line in job["script"][:-1]:
        run("sh", "-ec", line, cwd=tmp_path, **DEPENDENCIES, **variables)
    environment = ENVIRONMENT | DEPENDENCIES | variables
    checked = subprocess.run(
        ["sh", "-ec", job["script"][-1]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 1, checked.stdout + checked.stderr
    reports = job["artifacts"]["reports"]
    assert json.loads((tmp_path / reports["codequality"]).read_text("utf-8"))[0]["check_name"] == "bad-value"
    assert "<testsuite" in (tmp_path / reports["junit"]).read_text("utf-8")


def test_what_the_templates_name_exists() -> None:
    text = (CHECKOUT / "action.yml").read_text("utf-8") + (CHECKOUT / "templates" / "check.yml").read_text("utf-8")

    assert set(re.findall(r"--report-\w+", text)) <= {one.option for one in FORMATS}
    assert tuple(SPEC["spec"]["inputs"]["fail_on"]["options"]) == FAIL_ON


def test_the_examples_give_inputs_that_the_templates_have() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (CHECKOUT / "docs" / "ci.md").read_text("utf-8"), re.M | re.S)
    github, gitlab = (yaml.safe_load(block) for block in blocks)
    (step,) = [step for step in github["jobs"]["segmetrics"]["steps"] if "segmetrics-mock" in step.get("uses", "")]

    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert gitlab["include"][0]["inputs"].keys() <= SPEC["spec"]["inputs"].keys()
