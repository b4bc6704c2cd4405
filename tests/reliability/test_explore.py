from __future__ import annotations
import contextlib, subprocess, sys, time, json
import pytest
from collections.abc import Callable, Iterator
PROGRAM = 'tione.TrainingTask("t", **(B | dict(start_cmd_info={{"worker_start_cmd": "sleep 36000"}}, remark="{remark}", tags={{"team": "{team}"}})))'
ACTION = dict(create="CreateTrainingTask", read="DescribeTrainingTask", update="TagResources", replace="CreateTrainingTask", delete="DeleteTrainingTask", refresh="DescribeTrainingTask")
FAULTS = {
 "lost-after": dict(connection="close"),
 "lost-before": dict(connection="close", effect=False),
 "5xx": dict(status=502, times=2),
 "throttled": dict(code="RequestLimitExceeded", seconds=4, times=None),
 "slow": dict(delay_seconds=4),
 "garbage": dict(body="<html>a proxy says hello"),
 "type": dict(code="InternalError", content_type="application/json; charset=utf-8"),
}
SPECIAL = ["clock", "keys", "restart", "remove", "preempt"]
SIGNALS = ["int", "int2", "kill", "killp"]
import os
OPS = os.environ.get("OPS", "create,read,update,replace,delete,refresh").split(",")
ROWS = os.environ.get("ROWS", ",".join([*FAULTS, *SPECIAL, *SIGNALS])).split(",")

@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("row", ROWS)
def test_explore(stack, service, start, row, op):
    out = open(f"/tmp/reliability-helper/explore/{row}-{op}.txt", "w")
    def say(*a): print(*a, file=out, flush=True)
    args = dict(remark="a", team="nlp")
    look = ""
    def program(): stack.program(PROGRAM.format(**args) + look)
    program()
    if op != "create":
        stack.up()
    if op == "read":
        from pulumi_tione._client import Client
        from pulumi_tione._settings import Settings
        other = Client(Settings(lambda _: None, stack.environment), "ap-guangzhou").create_training_task({"Name": "other", "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}], "StartCmdInfo": {"StartCmd":"", "PsStartCmd":"","WorkerStartCmd": "sleep 36000"}})
        look = f'\ntione.TrainingTask.get("found", "{other}")\n'
    if op == "update": args["team"] = "cv"
    if op == "replace": args["remark"] = "b"
    program()
    verb = {"delete": "destroy", "refresh": "refresh"}.get(op, "up")
    cmd = (verb, "--yes", "--skip-preview")
    action = ACTION[op]
    env = dict(stack.environment)
    if row in FAULTS: service.emulator.faults.add(action, **FAULTS[row])
    if row == "clock": service.restart(clock_offset_seconds=600)
    if row == "keys": stack.environment.update(TENCENTCLOUD_SECRET_ID="AKIDother", TENCENTCLOUD_SECRET_KEY="other")
    if row == "remove":
        if op != "create": service.emulator.remove(other if op == "read" else service.emulator.tasks()[0]["Id"])
    if row == "preempt" and op != "create":
        t = service.emulator.tasks()[0]["Id"]
        while service.emulator.tasks()[0]["Status"] != "RUNNING": time.sleep(.1)
        service.emulator.order(t, seconds={"PENDING": "forever"})
        service.emulator.preempt(t)
    if row in SIGNALS or row == "restart" or (row == "remove" and op == "create"):
        service.emulator.faults.add(action, delay_seconds=2.5)
        seen = sum(r["action"] == action for r in service.requests())
        c = start(*cmd)
        service.wait_for(action, seen)
        time.sleep(0.3)
        if row == "int": c.interrupt()
        if row == "int2":
            c.interrupt(); time.sleep(.5); c.interrupt()
        if row == "kill": c.kill()
        if row == "killp": c.kill_provider()
        if row == "restart":
            service.stop(); time.sleep(3); service.start()
        if row == "remove": service.emulator.remove(service.emulator.tasks()[0]["Id"])
        t0=time.time()
        code, shown = c.end()
        say("ended after", time.time()-t0)
        if row in ("kill", "int2"): time.sleep(3)
    else:
        code, shown = stack.workspace.run(*cmd)
    say("EXIT", code); say(shown)
    service.emulator.faults.clear()
    if row == "clock": service.restart()
    stack.environment.clear(); stack.environment.update(env)
    def report():
        say("ACCOUNT", [(t["Id"], t["Name"], t["Status"]) for t in service.emulator.tasks()])
        d = json.loads(stack.exported())["deployment"]
        say("STATE", [(r.get("id"), r["urn"].rpartition("::")[2], r.get("pendingReplacement"), r.get("delete")) for r in d.get("resources", ()) if "TrainingTask" in r["type"]], "PENDING", [(o["type"], o["resource"]["urn"].rpartition("::")[2]) for o in d.get("pending_operations", ())])
        say("CREATES", [r["body"]["Name"] for r in service.requests() if r["action"]=="CreateTrainingTask" and r["accepted"]])
    report()
    def tione(*a):
        r = subprocess.run([sys.executable, "-m", "pulumi_tione.cli", *a, "--cwd", str(stack.workspace.project)], env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        say("TIONE", a, r.returncode, r.stdout)
    name = "dev-t-44987e06"
    if row == "kill":
        say("CANCEL", stack.workspace.run("cancel", "--yes"))
    if row in ("kill", "int2") and op in ("create", "replace"):
        tione("import", "--pending", "--yes")
    elif row == "killp" and op in ("create", "replace"):
        say("UP", *stack.workspace.run("up", "--yes", "--skip-preview"))
        tione("import", "t", name, "--yes")
    else:
        c2, s2 = stack.workspace.run(*cmd)
        say("AGAIN", c2); say(s2)
    report()
    say("EXPECT NO CHANGES", *stack.workspace.run("preview", "--refresh", "--expect-no-changes", "--diff"))
