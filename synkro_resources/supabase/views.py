"""Views in the client's database that answer ready questions (docs/supabase.md, «Views»).

They run with the rights of whoever asks (`security_invoker`): a plain view would show everybody what only our role may
read. Rows that are superseded, deals that are deleted and messages of robots are left out as in the reports.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from synkro_resources.model.errors import Sentence, UserInputError

LOST = 143
DEPENDENTS = "the columns of this view change, and these views of yours depend on it:"
"""What the SQL editor shows before the dependents' names."""

_DEALS_WITH_DIALOGS = """
select d.deal_id, d.name, d.pipeline_id, p.pipeline_name, d.status_id, p.status_name, nullif(d.price, 0) as price,
       d.responsible_id, m.name as responsible_name, d.created_at, d.closed_at,
       count(e.episode_key) as episodes, count(distinct e.dialog_id) as dialogs,
       sum(e.client_messages) as client_messages, sum(e.manager_messages) as manager_messages,
       min(e.start_at) as first_episode_at, max(e.last_at) as last_message_at
from {schema}.synkro_deal d
left join {schema}.synkro_episode e on e.deal_id = d.deal_id and e.superseded_at is null
left join {schema}.synkro_pipeline_status p on p.pipeline_id = d.pipeline_id and p.status_id = d.status_id
left join {schema}.synkro_manager m on m.manager_id = d.responsible_id
where not d.is_deleted and d.merged_into is null
group by d.deal_id, p.pipeline_name, p.status_name, m.name"""

_RESPONSE_TIMES = """
select (t.answered_at at time zone {zone})::date as local_day, t.manager_id, m.name as manager_name,
       count(*) as answers,
       percentile_cont(0.5) within group (order by t.wt_minutes) as median_working_minutes,
       count(*) filter (where t.answered_at <= t.due_at) as answered_in_sla
from {schema}.synkro_turn t
left join {schema}.synkro_manager m on m.manager_id = t.manager_id
where t.side = 'client' and t.needs_reply and t.answer_kind = 'message' and t.answer_same_episode
  and t.clock_at is not null and t.superseded_at is null
group by 1, 2, 3"""

_UNANSWERED_NOW = """
select t.episode_key, t.dialog_id, e.channel, e.contact_id, e.deal_id, nullif(d.price, 0) as price, t.manager_id,
       t.clock_at as waiting_since, t.due_at, t.source_updated_at as known_until
from {schema}.synkro_turn t
join {schema}.synkro_episode e on e.episode_key = t.episode_key and e.superseded_at is null
left join {schema}.synkro_deal d on d.deal_id = e.deal_id
where t.side = 'client' and t.is_last_client_turn and t.needs_reply and t.answered_at is null
  and t.superseded_at is null and t.due_at < now()"""

_LOST_DEALS = """
select d.deal_id, d.name, nullif(d.price, 0) as price, d.pipeline_id, d.responsible_id, m.name as responsible_name,
       moved.at as lost_at, d.loss_reason_id, coalesce(r.name, 'не указана') as loss_reason
from {schema}.synkro_deal d
left join lateral (
  select max(v.at) as at from {schema}.synkro_deal_event v
  where v.deal_id = d.deal_id and v.kind = 'status' and v.after_status_id = {lost} and v.before_status_id <> {lost}
) moved on true
left join {schema}.synkro_loss_reason r on r.loss_reason_id = d.loss_reason_id
left join {schema}.synkro_manager m on m.manager_id = d.responsible_id
where d.status_id = {lost} and not d.is_deleted and d.merged_into is null"""

_FINDINGS = """
select f.finding_id, (e.last_at at time zone {zone})::date as local_day, f.type, f.code, f.value, f.applicability,
       f.band, f.quote_masked, f.detail_masked, f.quote_message_id, f.message_ids, f.episode_key, f.dialog_id,
       e.channel, e.contact_id, e.deal_id, e.start_at, a.injection_flag, a.model, a.rubric_version, a.analysed_at,
       f.analysis_key
from {schema}.synkro_finding f
join {schema}.synkro_episode_analysis a on a.episode_key = f.episode_key and a.analysis_key = f.analysis_key
join {schema}.synkro_episode e on e.episode_key = f.episode_key and e.superseded_at is null"""

VIEWS: dict[str, tuple[str, str]] = {
    "synkro_v_deals_with_dialogs": ("Сделки и их переписка", _DEALS_WITH_DIALOGS),
    "synkro_v_response_times": ("Время ответа по менеджерам и дням клиента", _RESPONSE_TIMES),
    "synkro_v_unanswered_now": ("Кто ждёт ответа дольше нормы", _UNANSWERED_NOW),
    "synkro_v_lost_deals": ("Проигранные сделки с причинами", _LOST_DEALS),
    "synkro_v_findings": ("Действующие находки разбора с цитатами", _FINDINGS),
}
"""Name → what it answers, and its query."""


def views(schema: str, zone: str, *, writer_role: str) -> str:
    """The statements that make all views anew; `zone` cuts the local days.

    Raises:
        UserInputError: `supabase.bad_zone`.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UserInputError(
            "supabase.bad_zone",
            Sentence(f"Нет часового пояса «{zone}».", f"There is no time zone «{zone}»."),
            Sentence("Укажите пояс IANA, например Asia/Yekaterinburg.", "Give an IANA zone, as Asia/Yekaterinburg."),
            integration="supabase",
        ) from error
    return "\n".join(_view(schema, zone, name, writer_role) for name in VIEWS)


def _view(schema: str, zone: str, name: str, writer_role: str) -> str:
    about, query = VIEWS[name]
    body = query.strip().format(schema=schema, zone=f"'{zone}'", lost=LOST)
    # Names and zone are checked, the query is ours.
    created = f"view {schema}.{name} with (security_invoker = true) as\n{body};"
    return f"""{_replaced(schema, name, created)}
comment on view {schema}.{name} is '{about}';
revoke all on {schema}.{name} from public;
grant select on {schema}.{name} to {writer_role};
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on {schema}.{name} from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select on {schema}.{name} to service_role;
  end if;
end $$;"""  # noqa: S608


def _replaced(schema: str, name: str, created: str) -> str:
    """The statement that brings a view to its present form and never drops what the client has built on it.

    A view whose columns only grow is replaced in place. Otherwise it is made anew, which the database refuses while
    something depends on it; the error names what does.
    """
    return f"""do $view$ declare dependents text; begin
  create or replace {created}
exception when invalid_table_definition then
  select string_agg(distinct format('%I.%I', space.nspname, own.relname), ', ') into dependents
  from pg_depend link
  join pg_rewrite rule on rule.oid = link.objid
  join pg_class own on own.oid = rule.ev_class
  join pg_namespace space on space.oid = own.relnamespace
  where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
    and link.refobjid = '{schema}.{name}'::regclass and own.oid <> link.refobjid;
  if dependents is not null then
    raise exception '{name}: {DEPENDENTS} %', dependents using errcode = '2BP01';
  end if;
  drop view {schema}.{name};
  create {created}
end $view$;"""  # noqa: S608
