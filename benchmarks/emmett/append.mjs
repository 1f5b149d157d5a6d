// Appends events with emmett's PostgreSQL store, 1,000 per append to a stream of its own; prints events per second.
// node append.mjs <connection string> <events> ; reads one line per run from standard input, so that runs can be interleaved.
import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";

const [url, wanted] = process.argv.slice(2);
const events = Number(wanted);
const perAppend = 1000;
const store = getPostgreSQLEventStore(url);
await store.schema.migrate();
const data = {
  evidence: "FOUNDATION_ONE_THIRD", permit_no: "120114202100123", occurred_on: "2021-09-26", jurisdiction: "120114",
  department: "NRP", contract_no: "津武(挂)2021-05", document: { no: "武建施〔2021〕118号", date: "2021-09-26" },
};
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  for (let done = 0; done < events; done += perAppend) {
    const batch = Array.from({ length: perAppend }, () => ({ type: "construction.started", data }));
    await store.appendToStream(`parcel-${randomUUID()}`, batch);
  }
  console.log(events / ((performance.now() - started) / 1000));
}
await store.close();
