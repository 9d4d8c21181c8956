"""Chat completions as all servers speak them: what comes is read leniently, what goes out is as strict as any wants.

`endpoint` asks a server, `framing` and `answer` (with `calls`, `arguments`, `thoughts`) read what it says, `failures`
says what an error means. `request` and `history` make what is sent, `compaction` makes it shorter, `transcript` keeps
it. There is no case for any server: each member of an answer may be missing, null, of another type, repeated, split,
merged, out of order or unknown.
"""
