// @ts-check
/**
 * Shapes that cross the wire and shapes the page keeps. Types only: nothing here runs.
 * Every time is an integer of milliseconds since the Unix epoch. A key that may be null is always present.
 */

/** @import {BYE_REASONS, RESYNC_REASONS} from './words.js' */
/** @import * as wire from './wire.js' */

/* ---------------------------------------------------------------- what the server sends, as wire.js has it */

/** @typedef {wire.Status} TaskStatus */
/** @typedef {wire.Source} SourceInfo */
/** @typedef {wire.Attachment} Attachment */
/** @typedef {wire.CompletionReport} CompletionReport */
/** @typedef {wire.HandoffRecord} HandoffRecord */
/** @typedef {wire.Question} PlanningQuestion */
/** @typedef {wire.Task} Task */
/** @typedef {wire.Run} Run */
/** @typedef {wire.Agent} Agent */
/** @typedef {wire.ProviderType} ProviderType */
/** @typedef {wire.Provider} Provider */
/** @typedef {wire.AccessToken} AccessToken */
/** @typedef {wire.WorkspaceConfig} WorkspaceConfig */
/** @typedef {wire.WorkspaceEntry} WorkspaceEntry */
/** @typedef {wire.HistoryEntry} HistoryEntry */
/** @typedef {wire.Message} Message */
/** @typedef {wire.Queue} Queue */
/** @typedef {TaskStatus['type']} StatusWord */
/** @typedef {Extract<Task, {taskType: 'descriptionOnly'}>} DescribedTask */
/** @typedef {Extract<Task, {taskType: 'planned'}>} PlannedTask */
/** @typedef {Extract<Agent, {type: 'internal'}>} InternalAgent */
/** @typedef {Extract<Agent, {type: 'user_defined'}>} UserAgent */
/** @typedef {Run['state']} RunState */

/**
 * @typedef {Object} Snapshot the board at one instant
 * @property {string} epoch
 * @property {number} seq
 * @property {Task[]} tasks not archived
 * @property {Agent[]} agents
 * @property {Provider[]} providers
 * @property {Run[]} runs unfinished
 * @property {WorkspaceConfig|null} config
 * @property {string|null} configPath
 */

/* ---------------------------------------------------------------- insights */

/**
 * @typedef {'tasks'|'flow'|'left'|'spentMs'|'runs'|'runMs'|'tokensIn'|'tokensOut'|'costMicroUsd'} Metric
 *   core/insights/rule.py says what each counts
 */
/** @typedef {Partial<Record<Metric, Record<string, number>>>} Counters how much is added, by metric and key */

/**
 * @typedef {Object} Insights `data` of `GET /api/insights`; days are the server's, each named by the first millisecond
 *   that its date has in UTC
 * @property {number} first
 * @property {number} today when it answered
 * @property {number} todayBegan at a midnight of the server
 * @property {number} todayEnds at the next one, 23 to 25 hours later
 * @property {string} timeZone the server's, in words
 * @property {Record<string, number>} before tasks on the board by status when `first` began
 * @property {readonly {day: number, counters: Counters}[]} days those with a change, in order
 */

/* ---------------------------------------------------------------- frames */

/**
 * One change inside an event. `history`: the entries that the transaction appended to that task.
 * @typedef {{type: 'task_created', data: Task, history?: HistoryEntry[]}
 *   | {type: 'task_updated', data: Task, history?: HistoryEntry[]}
 *   | {type: 'task_deleted', data: {id: string}, history?: HistoryEntry[]}
 *   | {type: 'task_archived', data: {id: string}, history?: HistoryEntry[]}
 *   | {type: 'tasks_changed', data: Task[], history?: HistoryEntry[]}
 *   | {type: 'history_appended', data: {taskId: string}, history?: HistoryEntry[]}
 *   | {type: 'queue_changed', data: {taskId: string, queue: Queue}, history?: HistoryEntry[]}
 *   | {type: 'run_updated', data: Run, history?: HistoryEntry[]}
 *   | {type: 'agents_changed', data: {agents: Agent[], deleted: string[]}, history?: HistoryEntry[]}
 *   | {type: 'providers_changed', data: {providers: Provider[], deleted: string[]}, history?: HistoryEntry[]}
 *   | {type: 'access_tokens_changed', data: {accessTokens: AccessToken[], deleted: string[]}, history?: HistoryEntry[]}
 *   | {type: 'config_changed', data: {config: WorkspaceConfig, configPath: string}, history?: HistoryEntry[]}} Item
 */

/** @typedef {{type: 'transaction', data: Item[]}} Transaction several items of several kinds, applied together */
/** @typedef {{type: 'reset', data: {reason: string}}} Reset too large to be pushed: take a snapshot */
/**
 * @typedef {(Item | Transaction | Reset) & {seq: number, at: number, counters?: Counters}} LogEvent one committed
 *   transaction
 */

/**
 * @typedef {{runId: string, taskId: string, from: number, records: OutputRecord[]}} OutputItem `records` are numbered
 *   from `from`
 */
/** @typedef {{type: 'run_output', items: OutputItem[]}} RunOutputFrame */
/** @typedef {{type: 'workspaces_changed', data: WorkspaceEntry[]}} WorkspacesFrame */
/** @typedef {RunOutputFrame | WorkspacesFrame} Unnumbered frames that never move the cursor */

/** @typedef {typeof RESYNC_REASONS[number]} ResyncReason */
/** @typedef {typeof BYE_REASONS[number]} ByeReason */

/**
 * @typedef {{type: 'welcome', protocol: number, build: string, epoch: string, seq: number, heartbeatMs: number,
 *   spreadMs?: number, now: number} | {type: 'heartbeat', seq: number|null, spreadMs?: number, now: number} | {type:
 *   'resync', reason: ResyncReason, delayMs?: number} | {type: 'bye', delayMs: number, reason: ByeReason, detail?:
 *   string}} ControlFrame
 */
/** @typedef {ControlFrame | Unnumbered | LogEvent} ServerFrame */

/**
 * @typedef {{type: 'subscribe', protocol: 1, epoch: string, since: number} | {type: 'pong', seq: number}} ClientMessage
 */

/**
 * @typedef {Object} LiveAnswer `data` of `GET /api/live`
 * @property {string} webSocketUrl
 * @property {string[]} allowedOrigins
 * @property {{state: 'ready'|'unready'|'unreachable', detail: string}} sidecar
 * @property {boolean} openToNetwork
 */

/* ---------------------------------------------------------------- store */

/** @typedef {{epoch: string, seq: number}} Moment a place in a log: what `X-Chorus-Seq: <epoch>:<seq>` says */

/**
 * @typedef {Object} BoardState what the page holds; read only for everybody but the store
 * @property {string|null} epoch null before the first snapshot
 * @property {number} seq the cursor
 * @property {ReadonlyMap<string, Task>} tasks by id, not archived, in no particular order
 * @property {ReadonlyMap<string, Agent>} agents by name
 * @property {ReadonlyMap<string, Provider>} providers by name
 * @property {ReadonlyMap<string, Run>} runs by id, unfinished
 * @property {WorkspaceConfig|null} config
 * @property {string|null} configPath
 * @property {readonly WorkspaceEntry[]|null} workspaces null until told
 */

/**
 * @typedef {Object} Changes what one step changed
 * @property {'push'|'snapshot'|'part'|'local'} source `push`: an event from the server (highlight it)
 * @property {boolean} all everything was replaced
 * @property {Set<string>} tasks ids created, changed or removed
 * @property {Set<string>} removed ids of `tasks` that are gone
 * @property {Set<string>} agents names
 * @property {Set<string>} providers names
 * @property {Set<string>} runs ids
 * @property {Set<string>} parts keys
 * @property {boolean} config
 * @property {boolean} workspaces
 */

/** @typedef {'applied'|'dropped'|'gap'|'reset'} Outcome */

/* ---------------------------------------------------------------- parts */

/**
 * @typedef {{entries: HistoryEntry[], hasOlder: boolean, older: 'idle'|'loading'|'failed'}} HistoryData oldest first
 */
/** @typedef {{tasks: Task[], hasOlder: boolean, older: 'idle'|'loading'|'failed'}} ArchiveData last archived first */
/**
 * @typedef {Object} OutputRecord what an agent said or did; docs/protocol.md says which kind has which fields
 * @property {number} n 1, 2, 3 … in its run
 * @property {number} at
 * @property {'text'|'thinking'|'tool_call'|'tool_result'|'usage'|'notice'|'error'|'stderr'} kind
 * @property {number} [to] of a block of several: the number of the last one; the page joins them (lib/blocks.js)
 * @property {string} [text]
 * @property {true} [first] text, thinking: it does not go on with what was said before it
 * @property {string} [callId]
 * @property {string} [tool]
 * @property {any} [input]
 * @property {any} [output]
 * @property {boolean} [isError]
 * @property {number|null} [costUsd]
 * @property {number} [bytes] size of the long field, which was cut
 */
/**
 * @typedef {{epoch: string, first: number, last: number, from: number, hasMore: boolean, records: OutputRecord[]}}
 *   OutputPage `data` of `GET /api/runs/:id/output`
 */
/**
 * @typedef {{epoch: string, first: number, last: number, newest: number, records: OutputRecord[], older:
 *   'idle'|'loading'|'failed'}} OutputData the newest records up to `last`, joined to blocks; the server has those from
 *   `first` to `newest`
 */

/**
 * @typedef {Object} PartData the data of a part by the kind in its key
 * @property {Task} task
 * @property {HistoryData} history
 * @property {Queue} queue
 * @property {Run[]} runs
 * @property {OutputData} output
 * @property {Insights} insights
 * @property {ArchiveData} archive
 * @property {AccessToken[]} access by name
 */
/** @typedef {keyof PartData} PartKind */
/**
 * @typedef {`${PartKind}:${string}`} PartKey e.g. `history:0d22067b-…`; for `output` the id of a run, for `insights` a
 *   number of days, for `archive` the text searched for, for `access` nothing, else the id of a task
 */

/** @typedef {{status: number, code: string, message: string}} PartError */

/**
 * A part as a view sees it.
 * `idle`: nothing to read (for `task`: the wire task already is the full task). `gone`: deleted or never there.
 * `refreshing`: `data` is shown while a newer answer is on its way.
 * @template {PartKind} [K=PartKind]
 * @typedef {Object} PartView
 * @property {'idle'|'loading'|'ready'|'refreshing'|'error'|'gone'} status
 * @property {PartData[K]|null} data
 * @property {PartError|null} error
 * @property {Moment|null} asOf
 */

/**
 * @typedef {Object} FullTask
 * @property {Task|null} task the best text at hand
 * @property {boolean} complete false: some fields in `task.truncated` are cut or older than the rest
 * @property {PartView<'task'>['status']} status of the read behind it
 * @property {PartError|null} error
 */

/* ---------------------------------------------------------------- status */

/**
 * @typedef {Object} LiveStatus
 * @property {'connecting'|'live'|'reconnecting'|'offline'|'stopped'} kind `offline`: HTTP does not answer either
 * @property {number|null} asOf when what is shown was last known to be current (the server's clock)
 * @property {string|null} reason why it is not live, in plain words
 * @property {boolean} reloadOffered
 * @property {string|null} advice what the person can do
 * @property {number|null} retryAt time of the next try, when one is planned
 * @property {boolean} closed no workspace is open; `reason` says why
 */

export {};
