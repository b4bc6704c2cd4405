"""The CI files for reviews: their permissions, and their commands, run as far as that is possible here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from engine_support import ROOT, Stack

from pulumi_tione.emulator import Emulator

CI = ROOT / "examples" / "review" / "ci"
GITHUB = yaml.safe_load((CI / "github-actions.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))
CNB = yaml.safe_load((CI / "cnb.yml").read_text(encoding="utf-8"))
CNB_STAGES = {stage["name"]: stage for stage in CNB["main"]["pull_request"][0]["stages"]}
GITHUB_STEPS = {step["name"]: step for job in GITHUB["jobs"].values() for step in job["steps"] if "name" in step}

PREVIEW: dict[str, tuple[str, Mapping[str, str]]] = {
    "github": (GITHUB_STEPS["Preview"]["run"], GITHUB_STEPS["Preview"]["env"]),
    "gitlab": (GITLAB["preview"]["script"][0], GITLAB["preview"]["variables"]),
    "cnb": (CNB_STAGES["preview"]["script"], CNB_STAGES["preview"]["env"]),
}


def test_no_workflow_gives_the_code_of_a_stranger_a_secret() -> None:
    for file in CI.iterdir():
        assert "pull_request_target" not in file.read_text(encoding="utf-8")
        assert "pull_request.target" not in file.read_text(encoding="utf-8")
    assert GITHUB[True] == "pull_request"  # YAML reads the key `on` as true
    assert "pull_request.head.repo.full_name == github.repository" in GITHUB["jobs"]["preview"]["if"]
    for job in ("preview", "comment"):
        assert GITLAB[job]["extends"] == ".merge_requests"
    assert "SOURCE_PROJECT_ID == $CI_PROJECT_ID" in GITLAB[".merge_requests"]["rules"][0]["if"]


def test_the_job_that_runs_the_program_may_write_nothing() -> None:
    assert GITHUB["permissions"] == {}
    preview, comment = GITHUB["jobs"]["preview"], GITHUB["jobs"]["comment"]
    assert preview["permissions"] == {"contents": "read"}
    assert comment["permissions"] == {"pull-requests": "write"}
    assert not [step for step in comment["steps"] if "checkout" in step.get("uses", "")]
    assert preview["steps"][0]["with"] == {"persist-credentials": False}
    assert GITLAB["comment"]["variables"]["GIT_STRATEGY"] == "none"
    for script, _ in PREVIEW.values():
        assert "REVIEW_TOKEN" not in script
        assert "GH_TOKEN" not in script


def test_expressions_of_github_stand_in_no_script() -> None:
    for step in GITHUB_STEPS.values():
        assert "${{" not in step["run"]


def run(script: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a script as a CI job does."""
    ran = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


@pytest.mark.engine
@pytest.mark.parametrize("service", PREVIEW)
def test_the_preview_of_each_service_makes_a_comment_and_keeps_the_result(
    service: str, stack: Stack, emulator: Emulator
) -> None:
    script, declared = PREVIEW[service]
    literal = {name: value for name, value in declared.items() if "${{" not in value}
    ci_variables = {
        "REPO_URL": "https://github.com/acme/nlp",
        "COMMIT": "0123456789abcdef",
        "CI_PROJECT_URL": "https://gitlab.com/acme/nlp",
        "CI_COMMIT_SHA": "0123456789abcdef",
        "CNB_WEB_ENDPOINT": "https://cnb.cool",
        "CNB_REPO_SLUG": "acme/nlp",
        "CNB_PULL_REQUEST_SHA": "0123456789abcdef",
    }
    environment = {**stack.environment, **ci_variables, **literal}
    project = stack.workspace.project
    public = 'expose_network_config={"ssh_config": {"enable": True}}'
    stack.program(f'tione.TrainingTask("bert", **B, {public})')
    code, output = run(script, project, environment)
    assert code == 0, output
    comment = (project / "review" / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- pulumi-tione review test -->\n")
    blob = "blob" if service == "github" else "-/blob"
    assert f"/acme/nlp/{blob}/0123456789abcdef/__main__.py#L" in comment
    assert (project / "review" / "code.txt").read_text(encoding="utf-8") == "3\n"
    assert "public-access: bert" in (project / "review" / "gates.txt").read_text(encoding="utf-8")

    stack.program('tione.TrainingTask("bert", **B, bogus=1)')
    code, output = run(script, project, environment)
    assert code == 0, output
    assert (project / "review" / "code.txt").read_text(encoding="utf-8") == "1\n"
    assert "there is no such field" in (project / "review" / "comment.md").read_text(encoding="utf-8")


class Comments(ThreadingHTTPServer):
    """The comments of one pull request, with the API of GitLab and of CNB."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CommentsHandler)
        self.comments = [{"id": 100 + number, "body": f"comment {number}"} for number in range(150)]
        self.requests: list[tuple[str, str]] = []


class CommentsHandler(BaseHTTPRequestHandler):
    server: Comments

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name in the base class
        pass

    def answer(self, value: Any) -> None:
        token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.server.requests.append((self.command, self.path.partition("?")[0]))
        self.send_response(200 if token == "planted" else 401)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def do_GET(self) -> None:
        page = int(self.path.rpartition("page=")[2])
        self.answer(self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        self.server.comments.append({"id": 900, "body": self.body()})
        self.answer({})

    def change(self) -> None:
        number = int(self.path.rpartition("/")[2])
        (comment,) = [each for each in self.server.comments if each["id"] == number]
        comment["body"] = self.body()
        self.answer({})

    def do_PUT(self) -> None:
        self.change()

    def do_PATCH(self) -> None:
        self.change()


@pytest.fixture
def comments() -> Iterator[Comments]:
    with Comments() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("script", "method", "path"),
    [
        (GITLAB["comment"]["script"][0], "PUT", "/projects/7/merge_requests/5/notes/900"),
        (CNB_STAGES["comment"]["script"], "PATCH", "/acme/nlp/-/pulls/5/comments/900"),
    ],
    ids=["gitlab", "cnb"],
)
def test_one_comment_is_edited(script: str, method: str, path: str, comments: Comments, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{comments.server_port}"
    environment = {
        "CI_API_V4_URL": address,
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "5",
        "CNB_API_ENDPOINT": address,
        "CNB_REPO_SLUG": "acme/nlp",
        "CNB_PULL_REQUEST_IID": "5",
        "REVIEW_TOKEN": "planted",
        "no_proxy": "*",
    }
    (tmp_path / "review").mkdir()
    for text in ("first", 'second "quoted" 中文 $HOME `id`'):
        comment = f"<!-- pulumi-tione review nlp -->\n### {text}\n"
        (tmp_path / "review" / "comment.md").write_text(comment, encoding="utf-8")
        code, output = run(script, tmp_path, environment)
        assert (code, "planted" in output) == (0, False), output
        assert [each["body"] for each in comments.comments if "pulumi-tione" in str(each["body"])] == [comment]
    written = [each for each in comments.requests if each[0] != "GET"]
    assert written == [("POST", path.removesuffix("/900")), (method, path)]
    code, output = run(script, tmp_path, {**environment, "REVIEW_TOKEN": "wrong"})
    assert code != 0


GH = f"""#!{sys.executable}
import json, os, pathlib, subprocess, sys
arguments, state = sys.argv[2:], pathlib.Path(os.environ["GH_STATE"])
comments = json.loads(state.read_text())
body = pathlib.Path("comment.md").read_text(encoding="utf-8")
path = next(each for each in arguments if each.startswith("repos/"))
if "--jq" in arguments:
    filter = arguments[arguments.index("--jq") + 1]
    subprocess.run(["jq", "-r", filter], input=json.dumps(comments), text=True, check=True)
elif "POST" in arguments:
    comments.append({{"id": 900, "user": {{"login": "github-actions[bot]"}}, "body": body, "path": path}})
else:
    (comment,) = [each for each in comments if each["id"] == int(path.rpartition("/")[2])]
    comment["body"] = body
state.write_text(json.dumps(comments))
"""


def test_one_comment_is_edited_on_github(tmp_path: Path) -> None:
    gh, state = tmp_path / "bin" / "gh", tmp_path / "comments.json"
    gh.parent.mkdir()
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)
    marker = "<!-- pulumi-tione review nlp -->"
    somebody = {"id": 1, "user": {"login": "somebody"}, "body": f"{marker}\ncopied"}
    state.write_text(json.dumps([somebody]), encoding="utf-8")
    environment = {
        "PATH": f"{gh.parent}{os.pathsep}{os.environ['PATH']}",
        "GH_STATE": str(state),
        "REPOSITORY": "acme/nlp",
        "NUMBER": "5",
    }
    for text in ("first", "second"):
        (tmp_path / "comment.md").write_text(f"{marker}\n### {text}\n", encoding="utf-8")
        code, output = run(GITHUB_STEPS["Comment"]["run"], tmp_path, environment)
        assert code == 0, output
        first, *others = json.loads(state.read_text(encoding="utf-8"))
        assert first == somebody
        assert [each["body"] for each in others] == [f"{marker}\n### {text}\n"]
    assert others[0]["path"] == "repos/acme/nlp/issues/5/comments"


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_last_step_ends_with_the_result_of_the_review(code: int, tmp_path: Path) -> None:
    (tmp_path / "review").mkdir()
    for folder in (tmp_path, tmp_path / "review"):
        (folder / "gates.txt").write_text("Error: total>5: it is ¥6.00\n", encoding="utf-8")
        (folder / "code.txt").write_text(f"{code}\n", encoding="utf-8")
    for script in (GITHUB_STEPS["Gates"]["run"], GITLAB["comment"]["script"][1], CNB_STAGES["gates"]["script"]):
        assert run(script, tmp_path, {}) == (code, "Error: total>5: it is ¥6.00\n")
