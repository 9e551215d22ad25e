# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
port=$(fetch port)
printf 'import time\nx = 41\nx += 1\nprint("x is", x, flush=True)\n' >target.py
start log python -m debugpy --listen "127.0.0.1:$port" --wait-for-client target.py
pid=$!
cat >"$HOST/client.$$.py" <<'END'
import json, socket, sys, time
for _ in range(300):
    try:
        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
        break
    except OSError:
        time.sleep(0.1)
f = s.makefile("rwb")
count = 0
def ask(command, **arguments):
    global count
    count += 1
    body = json.dumps({"seq": count, "type": "request", "command": command, "arguments": arguments}).encode()
    f.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    f.flush()
    return count
def until(test):
    while True:
        length = 0
        while (line := f.readline().strip()):
            length = int(line.split()[1])
        if not length:
            sys.exit("the debugger ended")
        message = json.loads(f.read(length))
        if test(message):
            return message
def event(name):
    return lambda m: m.get("event") == name
def answer(n):
    return lambda m: m["type"] == "response" and m["request_seq"] == n
until(answer(ask("initialize", adapterID="python", pathFormat="path")))
ask("attach", subProcess=False)
until(event("initialized"))
print(until(answer(ask("setBreakpoints", source={"path": sys.argv[2]}, breakpoints=[{"line": 3}])))["body"]["breakpoints"][0]["verified"])
ask("configurationDone")
thread = until(event("stopped"))["body"]["threadId"]
frame = until(answer(ask("stackTrace", threadId=thread)))["body"]["stackFrames"][0]
print(frame["line"], until(answer(ask("evaluate", expression="x", frameId=frame["id"])))["body"]["result"])
ask("continue", threadId=thread)
until(event("terminated"))
END
"$BASE" -I "$HOST/client.$$.py" "$port" "$PROJECT/target.py"
status=0; wait $pid || status=$?
echo "status $status"; grep -c 'x is 42' log
