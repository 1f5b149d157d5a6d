#!/bin/sh
# A parcel's life in twelve requests: what departments post, what the system makes of it, what a regulator sees.
#
#   make run                 # in another window
#   examples/tour.sh         # makes the keys that it needs; NRP_KEY, HUC_KEY, TAX_KEY, REGULATOR_KEY name others
#
# LANDCYCLE_URL names another address; the first argument another parcel than one whose number the clock gives.
set -eu

url=${LANDCYCLE_URL:-http://127.0.0.1:8000}
parcel=${1:-120114001002GB$(date +%s | tail -c 6)}
cd "$(dirname "$0")/.."

key() { # arguments of `landcycle keys create`
  .venv/bin/landcycle keys create --jurisdiction 120114 "$@"
}

: "${NRP_KEY:=$(key --role department --department NRP)}"
: "${HUC_KEY:=$(key --role department --department HUC)}"
: "${TAX_KEY:=$(key --role department --department TAX)}"
: "${REGULATOR_KEY:=$(key --role regulator)}"

say() { printf '\n== %s\n' "$1"; }

post() { # key, status that must come, body, further arguments of curl
  key=$1 wanted=$2 body=$3
  shift 3
  answer=$(curl -sS -w '\n%{http_code}' -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    --data-binary "$body" "$@" "$url/v1/parcels/$parcel/events")
  echo "$answer"
  [ "$(echo "$answer" | tail -n 1)" = "$wanted" ] || { echo "expected $wanted" >&2; exit 1; }
}

get() { # path and query
  curl -sS --fail-with-body -H "Authorization: Bearer $REGULATOR_KEY" "$url$1"
  echo
}

say "规划资源局签订出让合同 The contract: start by 2022-03-15"
post "$NRP_KEY" 201 '{"type": "contract.signed", "occurred_on": "2021-03-15", "contract_no": "津武(挂)2021-05",
  "document": {"no": "津武合〔2021〕5号"},
  "data": {"supply_mode": "GRANT_LISTING", "holder": {"uscc": "91120114MA06TEK14B", "name": "天津甲一智能装备有限公司"},
           "area_m2": "40000.00", "price_wan": "2400.00", "term_years": "50", "start_due": "2022-03-15",
           "complete_due": "2024-03-15"}}'

say "税务局没有开工上报职责 403 names the office that has the duty"
post "$TAX_KEY" 403 '{"type": "construction.started", "occurred_on": "2021-10-08", "data": {}}'

say "字段有误 422 points to every fault"
post "$HUC_KEY" 422 '{"type": "construction.started", "occurred_on": "2999-01-01", "document": {"no": "x"},
  "data": {"evidence": "SOMETHING"}}'

say "交地、施工许可、开工 Delivered, permitted, started; the id makes a repetition harmless"
post "$NRP_KEY" 201 '{"type": "land.delivered", "occurred_on": "2021-05-20", "document": {"no": "津武交〔2021〕9号"}, "data": {}}'
post "$HUC_KEY" 201 '{"type": "construction.permitted", "occurred_on": "2021-09-26", "document": {"no": "武建施〔2021〕118号"},
  "data": {"permit_no": "120114202109260101"}}'
started='{"type": "construction.started", "occurred_on": "2021-10-08", "document": {"no": "武建开〔2021〕118号"},
  "data": {"evidence": "FOUNDATION_ONE_THIRD", "permit_no": "120114202109260101"}}'
id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | sed 's/\(........\)\(....\)\(....\)\(....\)\(............\)/\1-\2-\3-\4-\5/')
post "$HUC_KEY" 201 "$started" -H "Idempotency-Key: $id"
post "$HUC_KEY" 200 "$started" -H "Idempotency-Key: $id"

say "更正须依据最新版本 A correction needs If-Match"
post "$HUC_KEY" 428 "{\"type\": \"report.corrected\", \"occurred_on\": \"2021-10-12\",
  \"data\": {\"corrects\": \"$id\", \"changes\": [{\"field\": \"occurred_on\", \"old\": \"2021-10-08\", \"new\": \"2021-10-09\"}], \"reason\": \"日期误填\"}}"
post "$HUC_KEY" 201 "{\"type\": \"report.corrected\", \"occurred_on\": \"2021-10-12\",
  \"data\": {\"corrects\": \"$id\", \"changes\": [{\"field\": \"occurred_on\", \"old\": \"2021-10-08\", \"new\": \"2021-10-09\"}], \"reason\": \"日期误填\"}}" \
  -H 'If-Match: "4"'

say "2021-12-31 的状态 Status of that day"
get "/v1/parcels/$parcel/status?as_of=2021-12-31"
say "逾期竣工后的状态 Status after completion fell due"
get "/v1/parcels/$parcel/status?as_of=2024-06-01"
say "全部历史 Everything that happened"
get "/v1/parcels/$parcel/history?limit=10"
