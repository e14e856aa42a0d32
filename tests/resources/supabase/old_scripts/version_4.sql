do $$ begin
  if not exists (select from pg_roles where rolname = 'synkro_writer') then
    create role synkro_writer nologin;
  end if;
end $$;
grant usage on schema public to synkro_writer;
create or replace function public.synkro_keep_newest() returns trigger language plpgsql as $$
begin
  if new.source_updated_at < old.source_updated_at then
    return null;
  end if;
  return new;
end $$;
create table if not exists public.synkro_check (
  check_id text primary key,
  written_at timestamptz not null default now()
);
alter table public.synkro_check enable row level security;
revoke all on public.synkro_check from public;
grant select, insert, update on public.synkro_check to synkro_writer;
drop policy if exists synkro_writer on public.synkro_check;
create policy synkro_writer on public.synkro_check to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_check from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_check to service_role;
  end if;
end $$;
grant delete on public.synkro_check to synkro_writer;
create table if not exists public.synkro_deal (
  deal_id bigint not null,
  name text,
  pipeline_id bigint,
  status_id bigint,
  price bigint,
  responsible_id bigint,
  loss_reason_id bigint,
  company_id bigint,
  created_at timestamptz,
  closed_at timestamptz,
  updated_at timestamptz,
  is_deleted boolean not null,
  merged_into bigint,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_content text,
  utm_term text,
  budget double precision,
  source_updated_at timestamptz not null,
  primary key (deal_id)
);
alter table public.synkro_deal add column if not exists name text;
alter table public.synkro_deal add column if not exists pipeline_id bigint;
alter table public.synkro_deal add column if not exists status_id bigint;
alter table public.synkro_deal add column if not exists price bigint;
alter table public.synkro_deal add column if not exists responsible_id bigint;
alter table public.synkro_deal add column if not exists loss_reason_id bigint;
alter table public.synkro_deal add column if not exists company_id bigint;
alter table public.synkro_deal add column if not exists created_at timestamptz;
alter table public.synkro_deal add column if not exists closed_at timestamptz;
alter table public.synkro_deal add column if not exists updated_at timestamptz;
alter table public.synkro_deal add column if not exists is_deleted boolean;
alter table public.synkro_deal add column if not exists merged_into bigint;
alter table public.synkro_deal add column if not exists utm_source text;
alter table public.synkro_deal add column if not exists utm_medium text;
alter table public.synkro_deal add column if not exists utm_campaign text;
alter table public.synkro_deal add column if not exists utm_content text;
alter table public.synkro_deal add column if not exists utm_term text;
alter table public.synkro_deal add column if not exists budget double precision;
alter table public.synkro_deal add column if not exists source_updated_at timestamptz;
alter table public.synkro_deal enable row level security;
revoke all on public.synkro_deal from public;
grant select, insert, update on public.synkro_deal to synkro_writer;
drop policy if exists synkro_writer on public.synkro_deal;
create policy synkro_writer on public.synkro_deal to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_deal from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_deal to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_deal for each row execute function public.synkro_keep_newest();
comment on table public.synkro_deal is 'Сделки';
comment on column public.synkro_deal.deal_id is 'Номер сделки';
comment on column public.synkro_deal.name is 'Название';
comment on column public.synkro_deal.pipeline_id is 'Воронка';
comment on column public.synkro_deal.status_id is 'Этап';
comment on column public.synkro_deal.price is 'Бюджет, 0 значит «не указан»';
comment on column public.synkro_deal.responsible_id is 'Ответственный';
comment on column public.synkro_deal.loss_reason_id is 'Причина отказа';
comment on column public.synkro_deal.company_id is 'Компания';
comment on column public.synkro_deal.created_at is 'Создана';
comment on column public.synkro_deal.closed_at is 'Закрыта';
comment on column public.synkro_deal.updated_at is 'Изменена';
comment on column public.synkro_deal.is_deleted is 'Удалена';
comment on column public.synkro_deal.merged_into is 'Объединена с';
comment on column public.synkro_deal.utm_source is 'Рекламная метка utm_source';
comment on column public.synkro_deal.utm_medium is 'Рекламная метка utm_medium';
comment on column public.synkro_deal.utm_campaign is 'Рекламная метка utm_campaign';
comment on column public.synkro_deal.utm_content is 'Рекламная метка utm_content';
comment on column public.synkro_deal.utm_term is 'Рекламная метка utm_term';
comment on column public.synkro_deal.budget is 'Бюджет из выбранного поля карточки, не `price`';
comment on column public.synkro_deal.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_deal_contact (
  deal_id bigint not null,
  contact_id bigint not null,
  is_main boolean not null,
  source_updated_at timestamptz not null,
  primary key (deal_id, contact_id)
);
alter table public.synkro_deal_contact add column if not exists is_main boolean;
alter table public.synkro_deal_contact add column if not exists source_updated_at timestamptz;
create index if not exists synkro_deal_contact_deal_id on public.synkro_deal_contact (deal_id);
create index if not exists synkro_deal_contact_contact_id on public.synkro_deal_contact (contact_id);
alter table public.synkro_deal_contact enable row level security;
revoke all on public.synkro_deal_contact from public;
grant select, insert, update on public.synkro_deal_contact to synkro_writer;
drop policy if exists synkro_writer on public.synkro_deal_contact;
create policy synkro_writer on public.synkro_deal_contact to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_deal_contact from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_deal_contact to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_deal_contact for each row execute function public.synkro_keep_newest();
comment on table public.synkro_deal_contact is 'Контакты сделок; действуют строки с версией самой сделки';
comment on column public.synkro_deal_contact.deal_id is 'Номер сделки';
comment on column public.synkro_deal_contact.contact_id is 'Номер контакта';
comment on column public.synkro_deal_contact.is_main is 'Основной контакт';
comment on column public.synkro_deal_contact.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_contact (
  contact_id bigint not null,
  name text,
  first_name text,
  last_name text,
  company_id bigint,
  responsible_id bigint,
  telegram_username text,
  created_at timestamptz,
  updated_at timestamptz,
  is_deleted boolean not null,
  source_updated_at timestamptz not null,
  primary key (contact_id)
);
alter table public.synkro_contact add column if not exists name text;
alter table public.synkro_contact add column if not exists first_name text;
alter table public.synkro_contact add column if not exists last_name text;
alter table public.synkro_contact add column if not exists company_id bigint;
alter table public.synkro_contact add column if not exists responsible_id bigint;
alter table public.synkro_contact add column if not exists telegram_username text;
alter table public.synkro_contact add column if not exists created_at timestamptz;
alter table public.synkro_contact add column if not exists updated_at timestamptz;
alter table public.synkro_contact add column if not exists is_deleted boolean;
alter table public.synkro_contact add column if not exists source_updated_at timestamptz;
alter table public.synkro_contact enable row level security;
revoke all on public.synkro_contact from public;
grant select, insert, update on public.synkro_contact to synkro_writer;
drop policy if exists synkro_writer on public.synkro_contact;
create policy synkro_writer on public.synkro_contact to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_contact from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_contact to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_contact for each row execute function public.synkro_keep_newest();
comment on table public.synkro_contact is 'Контакты';
comment on column public.synkro_contact.contact_id is 'Номер контакта';
comment on column public.synkro_contact.name is 'Имя';
comment on column public.synkro_contact.first_name is 'Имя (отдельно)';
comment on column public.synkro_contact.last_name is 'Фамилия';
comment on column public.synkro_contact.company_id is 'Компания';
comment on column public.synkro_contact.responsible_id is 'Ответственный';
comment on column public.synkro_contact.telegram_username is 'Имя в Telegram без @';
comment on column public.synkro_contact.created_at is 'Создан';
comment on column public.synkro_contact.updated_at is 'Изменён';
comment on column public.synkro_contact.is_deleted is 'Удалён';
comment on column public.synkro_contact.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_contact_phone (
  contact_id bigint not null,
  position integer not null,
  phone_raw text,
  phone_norm text,
  source_updated_at timestamptz not null,
  primary key (contact_id, position)
);
alter table public.synkro_contact_phone add column if not exists phone_raw text;
alter table public.synkro_contact_phone add column if not exists phone_norm text;
alter table public.synkro_contact_phone add column if not exists source_updated_at timestamptz;
create index if not exists synkro_contact_phone_contact_id on public.synkro_contact_phone (contact_id);
alter table public.synkro_contact_phone enable row level security;
revoke all on public.synkro_contact_phone from public;
grant select, insert, update on public.synkro_contact_phone to synkro_writer;
drop policy if exists synkro_writer on public.synkro_contact_phone;
create policy synkro_writer on public.synkro_contact_phone to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_contact_phone from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_contact_phone to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_contact_phone for each row execute function public.synkro_keep_newest();
comment on table public.synkro_contact_phone is 'Телефоны контактов';
comment on column public.synkro_contact_phone.contact_id is 'Номер контакта';
comment on column public.synkro_contact_phone.position is 'Порядковый номер телефона';
comment on column public.synkro_contact_phone.phone_raw is 'Телефон как записан';
comment on column public.synkro_contact_phone.phone_norm is 'Телефон, только цифры';
comment on column public.synkro_contact_phone.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_company (
  company_id bigint not null,
  name text,
  responsible_id bigint,
  created_at timestamptz,
  updated_at timestamptz,
  is_deleted boolean not null,
  source_updated_at timestamptz not null,
  primary key (company_id)
);
alter table public.synkro_company add column if not exists name text;
alter table public.synkro_company add column if not exists responsible_id bigint;
alter table public.synkro_company add column if not exists created_at timestamptz;
alter table public.synkro_company add column if not exists updated_at timestamptz;
alter table public.synkro_company add column if not exists is_deleted boolean;
alter table public.synkro_company add column if not exists source_updated_at timestamptz;
alter table public.synkro_company enable row level security;
revoke all on public.synkro_company from public;
grant select, insert, update on public.synkro_company to synkro_writer;
drop policy if exists synkro_writer on public.synkro_company;
create policy synkro_writer on public.synkro_company to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_company from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_company to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_company for each row execute function public.synkro_keep_newest();
comment on table public.synkro_company is 'Компании';
comment on column public.synkro_company.company_id is 'Номер компании';
comment on column public.synkro_company.name is 'Название';
comment on column public.synkro_company.responsible_id is 'Ответственный';
comment on column public.synkro_company.created_at is 'Создана';
comment on column public.synkro_company.updated_at is 'Изменена';
comment on column public.synkro_company.is_deleted is 'Удалена';
comment on column public.synkro_company.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_deal_event (
  event_id text not null,
  deal_id bigint not null,
  at timestamptz not null,
  kind text not null,
  before_pipeline_id bigint,
  before_status_id bigint,
  after_pipeline_id bigint,
  after_status_id bigint,
  before_user_id bigint,
  after_user_id bigint,
  created_by bigint,
  source_updated_at timestamptz not null,
  primary key (event_id)
);
alter table public.synkro_deal_event add column if not exists deal_id bigint;
alter table public.synkro_deal_event add column if not exists at timestamptz;
alter table public.synkro_deal_event add column if not exists kind text;
alter table public.synkro_deal_event add column if not exists before_pipeline_id bigint;
alter table public.synkro_deal_event add column if not exists before_status_id bigint;
alter table public.synkro_deal_event add column if not exists after_pipeline_id bigint;
alter table public.synkro_deal_event add column if not exists after_status_id bigint;
alter table public.synkro_deal_event add column if not exists before_user_id bigint;
alter table public.synkro_deal_event add column if not exists after_user_id bigint;
alter table public.synkro_deal_event add column if not exists created_by bigint;
alter table public.synkro_deal_event add column if not exists source_updated_at timestamptz;
create index if not exists synkro_deal_event_deal_id on public.synkro_deal_event (deal_id);
create index if not exists synkro_deal_event_at on public.synkro_deal_event (at);
alter table public.synkro_deal_event enable row level security;
revoke all on public.synkro_deal_event from public;
grant select, insert, update on public.synkro_deal_event to synkro_writer;
drop policy if exists synkro_writer on public.synkro_deal_event;
create policy synkro_writer on public.synkro_deal_event to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_deal_event from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_deal_event to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_deal_event for each row execute function public.synkro_keep_newest();
comment on table public.synkro_deal_event is 'Изменения сделок';
comment on column public.synkro_deal_event.event_id is 'Номер события';
comment on column public.synkro_deal_event.deal_id is 'Номер сделки';
comment on column public.synkro_deal_event.at is 'Когда';
comment on column public.synkro_deal_event.kind is 'Вид: status, responsible, deleted, restored, merged';
comment on column public.synkro_deal_event.before_pipeline_id is 'Воронка до';
comment on column public.synkro_deal_event.before_status_id is 'Этап до';
comment on column public.synkro_deal_event.after_pipeline_id is 'Воронка после';
comment on column public.synkro_deal_event.after_status_id is 'Этап после';
comment on column public.synkro_deal_event.before_user_id is 'Ответственный до';
comment on column public.synkro_deal_event.after_user_id is 'Ответственный после';
comment on column public.synkro_deal_event.created_by is 'Кто изменил, 0: робот';
comment on column public.synkro_deal_event.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_chat_event (
  event_id text not null,
  at timestamptz not null,
  direction text not null,
  origin text,
  talk_id bigint,
  message_id text,
  contact_id bigint,
  deal_id bigint,
  created_by bigint,
  source_updated_at timestamptz not null,
  primary key (event_id)
);
alter table public.synkro_chat_event add column if not exists at timestamptz;
alter table public.synkro_chat_event add column if not exists direction text;
alter table public.synkro_chat_event add column if not exists origin text;
alter table public.synkro_chat_event add column if not exists talk_id bigint;
alter table public.synkro_chat_event add column if not exists message_id text;
alter table public.synkro_chat_event add column if not exists contact_id bigint;
alter table public.synkro_chat_event add column if not exists deal_id bigint;
alter table public.synkro_chat_event add column if not exists created_by bigint;
alter table public.synkro_chat_event add column if not exists source_updated_at timestamptz;
create index if not exists synkro_chat_event_at on public.synkro_chat_event (at);
create index if not exists synkro_chat_event_contact_id on public.synkro_chat_event (contact_id);
create index if not exists synkro_chat_event_deal_id on public.synkro_chat_event (deal_id);
alter table public.synkro_chat_event enable row level security;
revoke all on public.synkro_chat_event from public;
grant select, insert, update on public.synkro_chat_event to synkro_writer;
drop policy if exists synkro_writer on public.synkro_chat_event;
create policy synkro_writer on public.synkro_chat_event to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_chat_event from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_chat_event to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_chat_event for each row execute function public.synkro_keep_newest();
comment on table public.synkro_chat_event is 'События чатов: кто и когда писал, без текста';
comment on column public.synkro_chat_event.event_id is 'Номер события';
comment on column public.synkro_chat_event.at is 'Когда';
comment on column public.synkro_chat_event.direction is 'inbound или outbound';
comment on column public.synkro_chat_event.origin is 'Источник чата по amoCRM';
comment on column public.synkro_chat_event.talk_id is 'Беседа';
comment on column public.synkro_chat_event.message_id is 'Номер сообщения в amoCRM';
comment on column public.synkro_chat_event.contact_id is 'Контакт';
comment on column public.synkro_chat_event.deal_id is 'Сделка беседы в тот момент';
comment on column public.synkro_chat_event.created_by is 'Кто написал, 0: не сотрудник';
comment on column public.synkro_chat_event.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_pipeline_status (
  pipeline_id bigint not null,
  status_id bigint not null,
  pipeline_name text,
  status_name text,
  sort bigint,
  is_won boolean not null,
  is_lost boolean not null,
  is_unsorted boolean not null,
  source_updated_at timestamptz not null,
  primary key (pipeline_id, status_id)
);
alter table public.synkro_pipeline_status add column if not exists pipeline_name text;
alter table public.synkro_pipeline_status add column if not exists status_name text;
alter table public.synkro_pipeline_status add column if not exists sort bigint;
alter table public.synkro_pipeline_status add column if not exists is_won boolean;
alter table public.synkro_pipeline_status add column if not exists is_lost boolean;
alter table public.synkro_pipeline_status add column if not exists is_unsorted boolean;
alter table public.synkro_pipeline_status add column if not exists source_updated_at timestamptz;
alter table public.synkro_pipeline_status enable row level security;
revoke all on public.synkro_pipeline_status from public;
grant select, insert, update on public.synkro_pipeline_status to synkro_writer;
drop policy if exists synkro_writer on public.synkro_pipeline_status;
create policy synkro_writer on public.synkro_pipeline_status to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_pipeline_status from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_pipeline_status to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_pipeline_status for each row execute function public.synkro_keep_newest();
comment on table public.synkro_pipeline_status is 'Этапы воронок';
comment on column public.synkro_pipeline_status.pipeline_id is 'Воронка';
comment on column public.synkro_pipeline_status.status_id is 'Этап';
comment on column public.synkro_pipeline_status.pipeline_name is 'Название воронки';
comment on column public.synkro_pipeline_status.status_name is 'Название этапа';
comment on column public.synkro_pipeline_status.sort is 'Порядок этапа';
comment on column public.synkro_pipeline_status.is_won is 'Успешно (142)';
comment on column public.synkro_pipeline_status.is_lost is 'Отказ (143)';
comment on column public.synkro_pipeline_status.is_unsorted is 'Неразобранное';
comment on column public.synkro_pipeline_status.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_loss_reason (
  loss_reason_id bigint not null,
  name text,
  source_updated_at timestamptz not null,
  primary key (loss_reason_id)
);
alter table public.synkro_loss_reason add column if not exists name text;
alter table public.synkro_loss_reason add column if not exists source_updated_at timestamptz;
alter table public.synkro_loss_reason enable row level security;
revoke all on public.synkro_loss_reason from public;
grant select, insert, update on public.synkro_loss_reason to synkro_writer;
drop policy if exists synkro_writer on public.synkro_loss_reason;
create policy synkro_writer on public.synkro_loss_reason to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_loss_reason from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_loss_reason to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_loss_reason for each row execute function public.synkro_keep_newest();
comment on table public.synkro_loss_reason is 'Причины отказа';
comment on column public.synkro_loss_reason.loss_reason_id is 'Номер причины';
comment on column public.synkro_loss_reason.name is 'Название';
comment on column public.synkro_loss_reason.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_manager (
  manager_id bigint not null,
  name text,
  email text,
  is_active boolean not null,
  source_updated_at timestamptz not null,
  primary key (manager_id)
);
alter table public.synkro_manager add column if not exists name text;
alter table public.synkro_manager add column if not exists email text;
alter table public.synkro_manager add column if not exists is_active boolean;
alter table public.synkro_manager add column if not exists source_updated_at timestamptz;
alter table public.synkro_manager enable row level security;
revoke all on public.synkro_manager from public;
grant select, insert, update on public.synkro_manager to synkro_writer;
drop policy if exists synkro_writer on public.synkro_manager;
create policy synkro_writer on public.synkro_manager to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_manager from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_manager to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_manager for each row execute function public.synkro_keep_newest();
comment on table public.synkro_manager is 'Менеджеры';
comment on column public.synkro_manager.manager_id is 'Номер пользователя amoCRM';
comment on column public.synkro_manager.name is 'Имя';
comment on column public.synkro_manager.email is 'Почта';
comment on column public.synkro_manager.is_active is 'Включён';
comment on column public.synkro_manager.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_call (
  call_id bigint not null,
  deal_id bigint,
  contact_id bigint,
  company_id bigint,
  direction text not null,
  at timestamptz not null,
  duration_s bigint,
  status bigint,
  is_connected boolean not null,
  manager_id bigint,
  phone_norm text,
  source_updated_at timestamptz not null,
  primary key (call_id)
);
alter table public.synkro_call add column if not exists deal_id bigint;
alter table public.synkro_call add column if not exists contact_id bigint;
alter table public.synkro_call add column if not exists company_id bigint;
alter table public.synkro_call add column if not exists direction text;
alter table public.synkro_call add column if not exists at timestamptz;
alter table public.synkro_call add column if not exists duration_s bigint;
alter table public.synkro_call add column if not exists status bigint;
alter table public.synkro_call add column if not exists is_connected boolean;
alter table public.synkro_call add column if not exists manager_id bigint;
alter table public.synkro_call add column if not exists phone_norm text;
alter table public.synkro_call add column if not exists source_updated_at timestamptz;
create index if not exists synkro_call_deal_id on public.synkro_call (deal_id);
create index if not exists synkro_call_contact_id on public.synkro_call (contact_id);
create index if not exists synkro_call_at on public.synkro_call (at);
alter table public.synkro_call enable row level security;
revoke all on public.synkro_call from public;
grant select, insert, update on public.synkro_call to synkro_writer;
drop policy if exists synkro_writer on public.synkro_call;
create policy synkro_writer on public.synkro_call to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_call from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_call to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_call for each row execute function public.synkro_keep_newest();
comment on table public.synkro_call is 'Звонки';
comment on column public.synkro_call.call_id is 'Номер примечания о звонке';
comment on column public.synkro_call.deal_id is 'Сделка';
comment on column public.synkro_call.contact_id is 'Контакт';
comment on column public.synkro_call.company_id is 'Компания';
comment on column public.synkro_call.direction is 'Направление: in, out';
comment on column public.synkro_call.at is 'Когда';
comment on column public.synkro_call.duration_s is 'Длительность';
comment on column public.synkro_call.status is 'Итог звонка, 4: разговор состоялся';
comment on column public.synkro_call.is_connected is 'Разговор состоялся';
comment on column public.synkro_call.manager_id is 'Кто звонил или принял';
comment on column public.synkro_call.phone_norm is 'Телефон, только цифры';
comment on column public.synkro_call.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_deal_field (
  deal_id bigint not null,
  field_id bigint not null,
  position integer not null,
  field_code text,
  field_name text,
  field_type text,
  value_text text,
  value_number double precision,
  enum_id bigint,
  enum_code text,
  source_updated_at timestamptz not null,
  primary key (deal_id, field_id, position)
);
alter table public.synkro_deal_field add column if not exists field_code text;
alter table public.synkro_deal_field add column if not exists field_name text;
alter table public.synkro_deal_field add column if not exists field_type text;
alter table public.synkro_deal_field add column if not exists value_text text;
alter table public.synkro_deal_field add column if not exists value_number double precision;
alter table public.synkro_deal_field add column if not exists enum_id bigint;
alter table public.synkro_deal_field add column if not exists enum_code text;
alter table public.synkro_deal_field add column if not exists source_updated_at timestamptz;
create index if not exists synkro_deal_field_deal_id on public.synkro_deal_field (deal_id);
alter table public.synkro_deal_field enable row level security;
revoke all on public.synkro_deal_field from public;
grant select, insert, update on public.synkro_deal_field to synkro_writer;
drop policy if exists synkro_writer on public.synkro_deal_field;
create policy synkro_writer on public.synkro_deal_field to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_deal_field from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_deal_field to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_deal_field for each row execute function public.synkro_keep_newest();
comment on table public.synkro_deal_field is 'Поля карточек (сделка); действуют строки с версией самой карточки';
comment on column public.synkro_deal_field.deal_id is 'Карточка: сделка';
comment on column public.synkro_deal_field.field_id is 'Поле';
comment on column public.synkro_deal_field.position is 'Номер значения в поле';
comment on column public.synkro_deal_field.field_code is 'Код поля, есть у встроенных полей';
comment on column public.synkro_deal_field.field_name is 'Название поля';
comment on column public.synkro_deal_field.field_type is 'Вид поля';
comment on column public.synkro_deal_field.value_text is 'Значение как текст';
comment on column public.synkro_deal_field.value_number is 'Значение как число, если это число';
comment on column public.synkro_deal_field.enum_id is 'Вариант списка';
comment on column public.synkro_deal_field.enum_code is 'Код варианта';
comment on column public.synkro_deal_field.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_contact_field (
  contact_id bigint not null,
  field_id bigint not null,
  position integer not null,
  field_code text,
  field_name text,
  field_type text,
  value_text text,
  value_number double precision,
  enum_id bigint,
  enum_code text,
  source_updated_at timestamptz not null,
  primary key (contact_id, field_id, position)
);
alter table public.synkro_contact_field add column if not exists field_code text;
alter table public.synkro_contact_field add column if not exists field_name text;
alter table public.synkro_contact_field add column if not exists field_type text;
alter table public.synkro_contact_field add column if not exists value_text text;
alter table public.synkro_contact_field add column if not exists value_number double precision;
alter table public.synkro_contact_field add column if not exists enum_id bigint;
alter table public.synkro_contact_field add column if not exists enum_code text;
alter table public.synkro_contact_field add column if not exists source_updated_at timestamptz;
create index if not exists synkro_contact_field_contact_id on public.synkro_contact_field (contact_id);
alter table public.synkro_contact_field enable row level security;
revoke all on public.synkro_contact_field from public;
grant select, insert, update on public.synkro_contact_field to synkro_writer;
drop policy if exists synkro_writer on public.synkro_contact_field;
create policy synkro_writer on public.synkro_contact_field to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_contact_field from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_contact_field to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_contact_field for each row execute function public.synkro_keep_newest();
comment on table public.synkro_contact_field is 'Поля карточек (контакт); действуют строки с версией самой карточки';
comment on column public.synkro_contact_field.contact_id is 'Карточка: контакт';
comment on column public.synkro_contact_field.field_id is 'Поле';
comment on column public.synkro_contact_field.position is 'Номер значения в поле';
comment on column public.synkro_contact_field.field_code is 'Код поля, есть у встроенных полей';
comment on column public.synkro_contact_field.field_name is 'Название поля';
comment on column public.synkro_contact_field.field_type is 'Вид поля';
comment on column public.synkro_contact_field.value_text is 'Значение как текст';
comment on column public.synkro_contact_field.value_number is 'Значение как число, если это число';
comment on column public.synkro_contact_field.enum_id is 'Вариант списка';
comment on column public.synkro_contact_field.enum_code is 'Код варианта';
comment on column public.synkro_contact_field.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_company_field (
  company_id bigint not null,
  field_id bigint not null,
  position integer not null,
  field_code text,
  field_name text,
  field_type text,
  value_text text,
  value_number double precision,
  enum_id bigint,
  enum_code text,
  source_updated_at timestamptz not null,
  primary key (company_id, field_id, position)
);
alter table public.synkro_company_field add column if not exists field_code text;
alter table public.synkro_company_field add column if not exists field_name text;
alter table public.synkro_company_field add column if not exists field_type text;
alter table public.synkro_company_field add column if not exists value_text text;
alter table public.synkro_company_field add column if not exists value_number double precision;
alter table public.synkro_company_field add column if not exists enum_id bigint;
alter table public.synkro_company_field add column if not exists enum_code text;
alter table public.synkro_company_field add column if not exists source_updated_at timestamptz;
alter table public.synkro_company_field enable row level security;
revoke all on public.synkro_company_field from public;
grant select, insert, update on public.synkro_company_field to synkro_writer;
drop policy if exists synkro_writer on public.synkro_company_field;
create policy synkro_writer on public.synkro_company_field to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_company_field from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_company_field to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_company_field for each row execute function public.synkro_keep_newest();
comment on table public.synkro_company_field is 'Поля карточек (компания); действуют строки с версией самой карточки';
comment on column public.synkro_company_field.company_id is 'Карточка: компания';
comment on column public.synkro_company_field.field_id is 'Поле';
comment on column public.synkro_company_field.position is 'Номер значения в поле';
comment on column public.synkro_company_field.field_code is 'Код поля, есть у встроенных полей';
comment on column public.synkro_company_field.field_name is 'Название поля';
comment on column public.synkro_company_field.field_type is 'Вид поля';
comment on column public.synkro_company_field.value_text is 'Значение как текст';
comment on column public.synkro_company_field.value_number is 'Значение как число, если это число';
comment on column public.synkro_company_field.enum_id is 'Вариант списка';
comment on column public.synkro_company_field.enum_code is 'Код варианта';
comment on column public.synkro_company_field.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_deal_tag (
  deal_id bigint not null,
  tag_id bigint not null,
  name text,
  source_updated_at timestamptz not null,
  primary key (deal_id, tag_id)
);
alter table public.synkro_deal_tag add column if not exists name text;
alter table public.synkro_deal_tag add column if not exists source_updated_at timestamptz;
create index if not exists synkro_deal_tag_deal_id on public.synkro_deal_tag (deal_id);
alter table public.synkro_deal_tag enable row level security;
revoke all on public.synkro_deal_tag from public;
grant select, insert, update on public.synkro_deal_tag to synkro_writer;
drop policy if exists synkro_writer on public.synkro_deal_tag;
create policy synkro_writer on public.synkro_deal_tag to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_deal_tag from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_deal_tag to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_deal_tag for each row execute function public.synkro_keep_newest();
comment on table public.synkro_deal_tag is 'Теги карточек (сделка); действуют строки с версией самой карточки';
comment on column public.synkro_deal_tag.deal_id is 'Карточка: сделка';
comment on column public.synkro_deal_tag.tag_id is 'Тег';
comment on column public.synkro_deal_tag.name is 'Название тега';
comment on column public.synkro_deal_tag.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_contact_tag (
  contact_id bigint not null,
  tag_id bigint not null,
  name text,
  source_updated_at timestamptz not null,
  primary key (contact_id, tag_id)
);
alter table public.synkro_contact_tag add column if not exists name text;
alter table public.synkro_contact_tag add column if not exists source_updated_at timestamptz;
create index if not exists synkro_contact_tag_contact_id on public.synkro_contact_tag (contact_id);
alter table public.synkro_contact_tag enable row level security;
revoke all on public.synkro_contact_tag from public;
grant select, insert, update on public.synkro_contact_tag to synkro_writer;
drop policy if exists synkro_writer on public.synkro_contact_tag;
create policy synkro_writer on public.synkro_contact_tag to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_contact_tag from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_contact_tag to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_contact_tag for each row execute function public.synkro_keep_newest();
comment on table public.synkro_contact_tag is 'Теги карточек (контакт); действуют строки с версией самой карточки';
comment on column public.synkro_contact_tag.contact_id is 'Карточка: контакт';
comment on column public.synkro_contact_tag.tag_id is 'Тег';
comment on column public.synkro_contact_tag.name is 'Название тега';
comment on column public.synkro_contact_tag.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_task (
  task_id bigint not null,
  deal_id bigint,
  contact_id bigint,
  company_id bigint,
  responsible_id bigint,
  task_type_id bigint,
  text text,
  result text,
  created_at timestamptz,
  due_at timestamptz,
  is_completed boolean not null,
  completed_at timestamptz,
  source_updated_at timestamptz not null,
  primary key (task_id)
);
alter table public.synkro_task add column if not exists deal_id bigint;
alter table public.synkro_task add column if not exists contact_id bigint;
alter table public.synkro_task add column if not exists company_id bigint;
alter table public.synkro_task add column if not exists responsible_id bigint;
alter table public.synkro_task add column if not exists task_type_id bigint;
alter table public.synkro_task add column if not exists text text;
alter table public.synkro_task add column if not exists result text;
alter table public.synkro_task add column if not exists created_at timestamptz;
alter table public.synkro_task add column if not exists due_at timestamptz;
alter table public.synkro_task add column if not exists is_completed boolean;
alter table public.synkro_task add column if not exists completed_at timestamptz;
alter table public.synkro_task add column if not exists source_updated_at timestamptz;
create index if not exists synkro_task_deal_id on public.synkro_task (deal_id);
create index if not exists synkro_task_contact_id on public.synkro_task (contact_id);
alter table public.synkro_task enable row level security;
revoke all on public.synkro_task from public;
grant select, insert, update on public.synkro_task to synkro_writer;
drop policy if exists synkro_writer on public.synkro_task;
create policy synkro_writer on public.synkro_task to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_task from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_task to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_task for each row execute function public.synkro_keep_newest();
comment on table public.synkro_task is 'Задачи менеджеров';
comment on column public.synkro_task.task_id is 'Номер задачи';
comment on column public.synkro_task.deal_id is 'Сделка';
comment on column public.synkro_task.contact_id is 'Контакт';
comment on column public.synkro_task.company_id is 'Компания';
comment on column public.synkro_task.responsible_id is 'Ответственный';
comment on column public.synkro_task.task_type_id is 'Вид: 1 связаться, 2 встреча, больше: свой';
comment on column public.synkro_task.text is 'Что сделать';
comment on column public.synkro_task.result is 'Итог';
comment on column public.synkro_task.created_at is 'Создана';
comment on column public.synkro_task.due_at is 'Срок';
comment on column public.synkro_task.is_completed is 'Выполнена';
comment on column public.synkro_task.completed_at is 'Закрыта: последнее изменение выполненной задачи';
comment on column public.synkro_task.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_dialog (
  dialog_id bigint not null,
  radist_contact_id bigint,
  connection_id bigint,
  channel text not null,
  channel_raw text,
  is_group boolean not null,
  source_chat_id text,
  phone_norm text,
  username text,
  name text,
  last_activity_at timestamptz,
  source_updated_at timestamptz not null,
  primary key (dialog_id)
);
alter table public.synkro_dialog add column if not exists radist_contact_id bigint;
alter table public.synkro_dialog add column if not exists connection_id bigint;
alter table public.synkro_dialog add column if not exists channel text;
alter table public.synkro_dialog add column if not exists channel_raw text;
alter table public.synkro_dialog add column if not exists is_group boolean;
alter table public.synkro_dialog add column if not exists source_chat_id text;
alter table public.synkro_dialog add column if not exists phone_norm text;
alter table public.synkro_dialog add column if not exists username text;
alter table public.synkro_dialog add column if not exists name text;
alter table public.synkro_dialog add column if not exists last_activity_at timestamptz;
alter table public.synkro_dialog add column if not exists source_updated_at timestamptz;
alter table public.synkro_dialog enable row level security;
revoke all on public.synkro_dialog from public;
grant select, insert, update on public.synkro_dialog to synkro_writer;
drop policy if exists synkro_writer on public.synkro_dialog;
create policy synkro_writer on public.synkro_dialog to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_dialog from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_dialog to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_dialog for each row execute function public.synkro_keep_newest();
comment on table public.synkro_dialog is 'Диалоги';
comment on column public.synkro_dialog.dialog_id is 'Числовой номер чата Radist';
comment on column public.synkro_dialog.radist_contact_id is 'Контакт Radist';
comment on column public.synkro_dialog.connection_id is 'Подключение Radist';
comment on column public.synkro_dialog.channel is 'Канал: whatsapp, telegram, max, avito, vk, other';
comment on column public.synkro_dialog.channel_raw is 'Канал как в источнике';
comment on column public.synkro_dialog.is_group is 'Группа';
comment on column public.synkro_dialog.source_chat_id is 'Номер чата в мессенджере';
comment on column public.synkro_dialog.phone_norm is 'Телефон, только цифры';
comment on column public.synkro_dialog.username is 'Имя в мессенджере без @';
comment on column public.synkro_dialog.name is 'Имя в мессенджере';
comment on column public.synkro_dialog.last_activity_at is 'Последняя активность';
comment on column public.synkro_dialog.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_message (
  message_id text not null,
  dialog_id bigint not null,
  episode_key text,
  sent_at timestamptz not null,
  direction text not null,
  author_ref text,
  author_kind text not null,
  type text not null,
  text text,
  text_version text not null,
  is_counted boolean not null,
  is_closing boolean not null,
  starts_episode boolean not null,
  delivered_at timestamptz,
  read_at timestamptz,
  error_at timestamptz,
  media_name text,
  media_mime text,
  no_zone boolean not null,
  source_updated_at timestamptz not null,
  primary key (message_id)
);
alter table public.synkro_message add column if not exists dialog_id bigint;
alter table public.synkro_message add column if not exists episode_key text;
alter table public.synkro_message add column if not exists sent_at timestamptz;
alter table public.synkro_message add column if not exists direction text;
alter table public.synkro_message add column if not exists author_ref text;
alter table public.synkro_message add column if not exists author_kind text;
alter table public.synkro_message add column if not exists type text;
alter table public.synkro_message add column if not exists text text;
alter table public.synkro_message add column if not exists text_version text;
alter table public.synkro_message add column if not exists is_counted boolean;
alter table public.synkro_message add column if not exists is_closing boolean;
alter table public.synkro_message add column if not exists starts_episode boolean;
alter table public.synkro_message add column if not exists delivered_at timestamptz;
alter table public.synkro_message add column if not exists read_at timestamptz;
alter table public.synkro_message add column if not exists error_at timestamptz;
alter table public.synkro_message add column if not exists media_name text;
alter table public.synkro_message add column if not exists media_mime text;
alter table public.synkro_message add column if not exists no_zone boolean;
alter table public.synkro_message add column if not exists source_updated_at timestamptz;
create index if not exists synkro_message_dialog_id on public.synkro_message (dialog_id);
create index if not exists synkro_message_episode_key on public.synkro_message (episode_key);
create index if not exists synkro_message_sent_at on public.synkro_message (sent_at);
alter table public.synkro_message enable row level security;
revoke all on public.synkro_message from public;
grant select, insert, update on public.synkro_message to synkro_writer;
drop policy if exists synkro_writer on public.synkro_message;
create policy synkro_writer on public.synkro_message to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_message from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_message to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_message for each row execute function public.synkro_keep_newest();
comment on table public.synkro_message is 'Сообщения';
comment on column public.synkro_message.message_id is 'Номер сообщения';
comment on column public.synkro_message.dialog_id is 'Диалог';
comment on column public.synkro_message.episode_key is 'Обращение; пусто у несчитаемых';
comment on column public.synkro_message.sent_at is 'Отправлено';
comment on column public.synkro_message.direction is 'inbound или outbound';
comment on column public.synkro_message.author_ref is 'Автор по Radist';
comment on column public.synkro_message.author_kind is 'client, manager, bot, broadcast';
comment on column public.synkro_message.type is 'Вид сообщения';
comment on column public.synkro_message.text is 'Текст';
comment on column public.synkro_message.text_version is 'Отпечаток текста';
comment on column public.synkro_message.is_counted is 'Считается (не служебное, не группа)';
comment on column public.synkro_message.is_closing is 'Закрывающее: спасибо, ок, стикер';
comment on column public.synkro_message.starts_episode is 'Начинает обращение';
comment on column public.synkro_message.delivered_at is 'Доставлено';
comment on column public.synkro_message.read_at is 'Прочитано';
comment on column public.synkro_message.error_at is 'Ошибка доставки';
comment on column public.synkro_message.media_name is 'Имя файла';
comment on column public.synkro_message.media_mime is 'Тип файла';
comment on column public.synkro_message.no_zone is 'Время пришло без зоны';
comment on column public.synkro_message.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_chat_pair (
  message_id text not null,
  event_id text not null,
  dialog_id bigint not null,
  contact_id bigint not null,
  direction text not null,
  sent_at timestamptz not null,
  event_at timestamptz not null,
  created_by bigint,
  source_updated_at timestamptz not null,
  primary key (message_id)
);
alter table public.synkro_chat_pair add column if not exists event_id text;
alter table public.synkro_chat_pair add column if not exists dialog_id bigint;
alter table public.synkro_chat_pair add column if not exists contact_id bigint;
alter table public.synkro_chat_pair add column if not exists direction text;
alter table public.synkro_chat_pair add column if not exists sent_at timestamptz;
alter table public.synkro_chat_pair add column if not exists event_at timestamptz;
alter table public.synkro_chat_pair add column if not exists created_by bigint;
alter table public.synkro_chat_pair add column if not exists source_updated_at timestamptz;
create index if not exists synkro_chat_pair_dialog_id on public.synkro_chat_pair (dialog_id);
create index if not exists synkro_chat_pair_contact_id on public.synkro_chat_pair (contact_id);
create index if not exists synkro_chat_pair_sent_at on public.synkro_chat_pair (sent_at);
alter table public.synkro_chat_pair enable row level security;
revoke all on public.synkro_chat_pair from public;
grant select, insert, update on public.synkro_chat_pair to synkro_writer;
drop policy if exists synkro_writer on public.synkro_chat_pair;
create policy synkro_writer on public.synkro_chat_pair to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_chat_pair from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_chat_pair to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_chat_pair for each row execute function public.synkro_keep_newest();
comment on table public.synkro_chat_pair is 'Сообщения и события чатов amoCRM об одном и том же';
comment on column public.synkro_chat_pair.message_id is 'Номер сообщения Radist';
comment on column public.synkro_chat_pair.event_id is 'Номер события amoCRM';
comment on column public.synkro_chat_pair.dialog_id is 'Диалог';
comment on column public.synkro_chat_pair.contact_id is 'Контакт amoCRM';
comment on column public.synkro_chat_pair.direction is 'inbound или outbound';
comment on column public.synkro_chat_pair.sent_at is 'Отправлено по Radist';
comment on column public.synkro_chat_pair.event_at is 'Отмечено в amoCRM';
comment on column public.synkro_chat_pair.created_by is 'Кто написал, 0: не сотрудник';
comment on column public.synkro_chat_pair.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_episode (
  episode_key text not null,
  dialog_id bigint not null,
  start_at timestamptz not null,
  first_visible_at timestamptz not null,
  last_at timestamptz not null,
  started_before_window boolean not null,
  opened_by text,
  client_messages bigint not null,
  manager_messages bigint not null,
  labelable boolean not null,
  analysable boolean not null,
  skip_reason text,
  channel text not null,
  contact_id bigint,
  link_method text,
  link_confidence double precision,
  is_duplicate_phone boolean not null,
  deal_id bigint,
  deal_link_method text,
  deal_link_confidence double precision,
  superseded_at timestamptz,
  source_updated_at timestamptz not null,
  primary key (episode_key)
);
alter table public.synkro_episode add column if not exists dialog_id bigint;
alter table public.synkro_episode add column if not exists start_at timestamptz;
alter table public.synkro_episode add column if not exists first_visible_at timestamptz;
alter table public.synkro_episode add column if not exists last_at timestamptz;
alter table public.synkro_episode add column if not exists started_before_window boolean;
alter table public.synkro_episode add column if not exists opened_by text;
alter table public.synkro_episode add column if not exists client_messages bigint;
alter table public.synkro_episode add column if not exists manager_messages bigint;
alter table public.synkro_episode add column if not exists labelable boolean;
alter table public.synkro_episode add column if not exists analysable boolean;
alter table public.synkro_episode add column if not exists skip_reason text;
alter table public.synkro_episode add column if not exists channel text;
alter table public.synkro_episode add column if not exists contact_id bigint;
alter table public.synkro_episode add column if not exists link_method text;
alter table public.synkro_episode add column if not exists link_confidence double precision;
alter table public.synkro_episode add column if not exists is_duplicate_phone boolean;
alter table public.synkro_episode add column if not exists deal_id bigint;
alter table public.synkro_episode add column if not exists deal_link_method text;
alter table public.synkro_episode add column if not exists deal_link_confidence double precision;
alter table public.synkro_episode add column if not exists superseded_at timestamptz;
alter table public.synkro_episode add column if not exists source_updated_at timestamptz;
create index if not exists synkro_episode_dialog_id on public.synkro_episode (dialog_id);
create index if not exists synkro_episode_start_at on public.synkro_episode (start_at);
create index if not exists synkro_episode_contact_id on public.synkro_episode (contact_id);
create index if not exists synkro_episode_deal_id on public.synkro_episode (deal_id);
alter table public.synkro_episode enable row level security;
revoke all on public.synkro_episode from public;
grant select, insert, update on public.synkro_episode to synkro_writer;
drop policy if exists synkro_writer on public.synkro_episode;
create policy synkro_writer on public.synkro_episode to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_episode from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_episode to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_episode for each row execute function public.synkro_keep_newest();
comment on table public.synkro_episode is 'Обращения';
comment on column public.synkro_episode.episode_key is 'Ключ: диалог и первое сообщение';
comment on column public.synkro_episode.dialog_id is 'Диалог';
comment on column public.synkro_episode.start_at is 'Начало';
comment on column public.synkro_episode.first_visible_at is 'Первое видимое сообщение';
comment on column public.synkro_episode.last_at is 'Последнее сообщение';
comment on column public.synkro_episode.started_before_window is 'Начато раньше окна';
comment on column public.synkro_episode.opened_by is 'Кто открыл: client, manager';
comment on column public.synkro_episode.client_messages is 'Сообщений клиента';
comment on column public.synkro_episode.manager_messages is 'Сообщений менеджера';
comment on column public.synkro_episode.labelable is 'Можно размечать';
comment on column public.synkro_episode.analysable is 'Можно оценивать';
comment on column public.synkro_episode.skip_reason is 'Почему не размечается';
comment on column public.synkro_episode.channel is 'Канал';
comment on column public.synkro_episode.contact_id is 'Контакт amoCRM';
comment on column public.synkro_episode.link_method is 'Как найден контакт';
comment on column public.synkro_episode.link_confidence is 'Уверенность контакта';
comment on column public.synkro_episode.is_duplicate_phone is 'Телефон у нескольких контактов';
comment on column public.synkro_episode.deal_id is 'Сделка';
comment on column public.synkro_episode.deal_link_method is 'Как найдена сделка';
comment on column public.synkro_episode.deal_link_confidence is 'Уверенность сделки';
comment on column public.synkro_episode.superseded_at is 'С этого дня не существует: поздние сообщения изменили границы';
comment on column public.synkro_episode.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_turn (
  turn_id text not null,
  episode_key text not null,
  dialog_id bigint not null,
  no integer not null,
  side text not null,
  is_first_client_turn boolean not null,
  is_last_client_turn boolean not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  clock_at timestamptz,
  needs_reply boolean,
  needs_reply_source text,
  answered_at timestamptz,
  answer_kind text,
  answer_same_episode boolean,
  due_at timestamptz,
  wt_minutes double precision,
  bot_touch_s double precision,
  manager_id bigint,
  attribution text not null,
  attribution_confidence double precision,
  superseded_at timestamptz,
  source_updated_at timestamptz not null,
  primary key (turn_id)
);
alter table public.synkro_turn add column if not exists episode_key text;
alter table public.synkro_turn add column if not exists dialog_id bigint;
alter table public.synkro_turn add column if not exists no integer;
alter table public.synkro_turn add column if not exists side text;
alter table public.synkro_turn add column if not exists is_first_client_turn boolean;
alter table public.synkro_turn add column if not exists is_last_client_turn boolean;
alter table public.synkro_turn add column if not exists first_at timestamptz;
alter table public.synkro_turn add column if not exists last_at timestamptz;
alter table public.synkro_turn add column if not exists clock_at timestamptz;
alter table public.synkro_turn add column if not exists needs_reply boolean;
alter table public.synkro_turn add column if not exists needs_reply_source text;
alter table public.synkro_turn add column if not exists answered_at timestamptz;
alter table public.synkro_turn add column if not exists answer_kind text;
alter table public.synkro_turn add column if not exists answer_same_episode boolean;
alter table public.synkro_turn add column if not exists due_at timestamptz;
alter table public.synkro_turn add column if not exists wt_minutes double precision;
alter table public.synkro_turn add column if not exists bot_touch_s double precision;
alter table public.synkro_turn add column if not exists manager_id bigint;
alter table public.synkro_turn add column if not exists attribution text;
alter table public.synkro_turn add column if not exists attribution_confidence double precision;
alter table public.synkro_turn add column if not exists superseded_at timestamptz;
alter table public.synkro_turn add column if not exists source_updated_at timestamptz;
create index if not exists synkro_turn_episode_key on public.synkro_turn (episode_key);
create index if not exists synkro_turn_dialog_id on public.synkro_turn (dialog_id);
create index if not exists synkro_turn_answered_at on public.synkro_turn (answered_at);
alter table public.synkro_turn enable row level security;
revoke all on public.synkro_turn from public;
grant select, insert, update on public.synkro_turn to synkro_writer;
drop policy if exists synkro_writer on public.synkro_turn;
create policy synkro_writer on public.synkro_turn to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_turn from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_turn to service_role;
  end if;
end $$;
create or replace trigger synkro_keep_newest before update on public.synkro_turn for each row execute function public.synkro_keep_newest();
comment on table public.synkro_turn is 'Ходы и ответы';
comment on column public.synkro_turn.turn_id is 'Ключ: обращение и номер';
comment on column public.synkro_turn.episode_key is 'Обращение';
comment on column public.synkro_turn.dialog_id is 'Диалог';
comment on column public.synkro_turn.no is 'Номер хода в обращении';
comment on column public.synkro_turn.side is 'client или manager';
comment on column public.synkro_turn.is_first_client_turn is 'Первый ход клиента';
comment on column public.synkro_turn.is_last_client_turn is 'Последний ход клиента';
comment on column public.synkro_turn.first_at is 'Первое сообщение';
comment on column public.synkro_turn.last_at is 'Последнее сообщение';
comment on column public.synkro_turn.clock_at is 'Начало отсчёта; пусто: неизвестно';
comment on column public.synkro_turn.needs_reply is 'Ждёт ответа';
comment on column public.synkro_turn.needs_reply_source is 'Кто решил: rule, llm';
comment on column public.synkro_turn.answered_at is 'Ответ';
comment on column public.synkro_turn.answer_kind is 'message или call';
comment on column public.synkro_turn.answer_same_episode is 'Ответ в том же обращении';
comment on column public.synkro_turn.due_at is 'Срок ответа';
comment on column public.synkro_turn.wt_minutes is 'Рабочее время до ответа';
comment on column public.synkro_turn.bot_touch_s is 'Секунд до первого ответа бота';
comment on column public.synkro_turn.manager_id is 'Менеджер';
comment on column public.synkro_turn.attribution is 'author, crm_chat, event, current, none';
comment on column public.synkro_turn.attribution_confidence is 'Уверенность менеджера';
comment on column public.synkro_turn.superseded_at is 'С этого дня не существует: поздние сообщения изменили границы';
comment on column public.synkro_turn.source_updated_at is 'Версия строки: старшая побеждает';
do $view$ declare dependents text; begin
  create or replace view public.synkro_v_deals_with_dialogs with (security_invoker = true) as
select d.deal_id, d.name, d.pipeline_id, p.pipeline_name, d.status_id, p.status_name, nullif(d.price, 0) as price,
       d.responsible_id, m.name as responsible_name, d.created_at, d.closed_at,
       count(e.episode_key) as episodes, count(distinct e.dialog_id) as dialogs,
       sum(e.client_messages) as client_messages, sum(e.manager_messages) as manager_messages,
       min(e.start_at) as first_episode_at, max(e.last_at) as last_message_at
from public.synkro_deal d
left join public.synkro_episode e on e.deal_id = d.deal_id and e.superseded_at is null
left join public.synkro_pipeline_status p on p.pipeline_id = d.pipeline_id and p.status_id = d.status_id
left join public.synkro_manager m on m.manager_id = d.responsible_id
where not d.is_deleted and d.merged_into is null
group by d.deal_id, p.pipeline_name, p.status_name, m.name;
exception when invalid_table_definition then
  select string_agg(distinct format('%I.%I', space.nspname, own.relname), ', ') into dependents
  from pg_depend link
  join pg_rewrite rule on rule.oid = link.objid
  join pg_class own on own.oid = rule.ev_class
  join pg_namespace space on space.oid = own.relnamespace
  where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
    and link.refobjid = 'public.synkro_v_deals_with_dialogs'::regclass and own.oid <> link.refobjid;
  if dependents is not null then
    raise exception 'synkro_v_deals_with_dialogs: the columns of this view change, and these views of yours depend on it: %', dependents using errcode = '2BP01';
  end if;
  drop view public.synkro_v_deals_with_dialogs;
  create view public.synkro_v_deals_with_dialogs with (security_invoker = true) as
select d.deal_id, d.name, d.pipeline_id, p.pipeline_name, d.status_id, p.status_name, nullif(d.price, 0) as price,
       d.responsible_id, m.name as responsible_name, d.created_at, d.closed_at,
       count(e.episode_key) as episodes, count(distinct e.dialog_id) as dialogs,
       sum(e.client_messages) as client_messages, sum(e.manager_messages) as manager_messages,
       min(e.start_at) as first_episode_at, max(e.last_at) as last_message_at
from public.synkro_deal d
left join public.synkro_episode e on e.deal_id = d.deal_id and e.superseded_at is null
left join public.synkro_pipeline_status p on p.pipeline_id = d.pipeline_id and p.status_id = d.status_id
left join public.synkro_manager m on m.manager_id = d.responsible_id
where not d.is_deleted and d.merged_into is null
group by d.deal_id, p.pipeline_name, p.status_name, m.name;
end $view$;
comment on view public.synkro_v_deals_with_dialogs is 'Сделки и их переписка';
revoke all on public.synkro_v_deals_with_dialogs from public;
grant select on public.synkro_v_deals_with_dialogs to synkro_writer;
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_v_deals_with_dialogs from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select on public.synkro_v_deals_with_dialogs to service_role;
  end if;
end $$;
do $view$ declare dependents text; begin
  create or replace view public.synkro_v_response_times with (security_invoker = true) as
select (t.answered_at at time zone 'UTC')::date as local_day, t.manager_id, m.name as manager_name,
       count(*) as answers,
       percentile_cont(0.5) within group (order by t.wt_minutes) as median_working_minutes,
       count(*) filter (where t.answered_at <= t.due_at) as answered_in_sla
from public.synkro_turn t
left join public.synkro_manager m on m.manager_id = t.manager_id
where t.side = 'client' and t.needs_reply and t.answer_kind = 'message' and t.answer_same_episode
  and t.clock_at is not null and t.superseded_at is null
group by 1, 2, 3;
exception when invalid_table_definition then
  select string_agg(distinct format('%I.%I', space.nspname, own.relname), ', ') into dependents
  from pg_depend link
  join pg_rewrite rule on rule.oid = link.objid
  join pg_class own on own.oid = rule.ev_class
  join pg_namespace space on space.oid = own.relnamespace
  where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
    and link.refobjid = 'public.synkro_v_response_times'::regclass and own.oid <> link.refobjid;
  if dependents is not null then
    raise exception 'synkro_v_response_times: the columns of this view change, and these views of yours depend on it: %', dependents using errcode = '2BP01';
  end if;
  drop view public.synkro_v_response_times;
  create view public.synkro_v_response_times with (security_invoker = true) as
select (t.answered_at at time zone 'UTC')::date as local_day, t.manager_id, m.name as manager_name,
       count(*) as answers,
       percentile_cont(0.5) within group (order by t.wt_minutes) as median_working_minutes,
       count(*) filter (where t.answered_at <= t.due_at) as answered_in_sla
from public.synkro_turn t
left join public.synkro_manager m on m.manager_id = t.manager_id
where t.side = 'client' and t.needs_reply and t.answer_kind = 'message' and t.answer_same_episode
  and t.clock_at is not null and t.superseded_at is null
group by 1, 2, 3;
end $view$;
comment on view public.synkro_v_response_times is 'Время ответа по менеджерам и дням клиента';
revoke all on public.synkro_v_response_times from public;
grant select on public.synkro_v_response_times to synkro_writer;
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_v_response_times from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select on public.synkro_v_response_times to service_role;
  end if;
end $$;
do $view$ declare dependents text; begin
  create or replace view public.synkro_v_unanswered_now with (security_invoker = true) as
select t.episode_key, t.dialog_id, e.channel, e.contact_id, e.deal_id, nullif(d.price, 0) as price, t.manager_id,
       t.clock_at as waiting_since, t.due_at, t.source_updated_at as known_until
from public.synkro_turn t
join public.synkro_episode e on e.episode_key = t.episode_key and e.superseded_at is null
left join public.synkro_deal d on d.deal_id = e.deal_id
where t.side = 'client' and t.is_last_client_turn and t.needs_reply and t.answered_at is null
  and t.superseded_at is null and t.due_at < now();
exception when invalid_table_definition then
  select string_agg(distinct format('%I.%I', space.nspname, own.relname), ', ') into dependents
  from pg_depend link
  join pg_rewrite rule on rule.oid = link.objid
  join pg_class own on own.oid = rule.ev_class
  join pg_namespace space on space.oid = own.relnamespace
  where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
    and link.refobjid = 'public.synkro_v_unanswered_now'::regclass and own.oid <> link.refobjid;
  if dependents is not null then
    raise exception 'synkro_v_unanswered_now: the columns of this view change, and these views of yours depend on it: %', dependents using errcode = '2BP01';
  end if;
  drop view public.synkro_v_unanswered_now;
  create view public.synkro_v_unanswered_now with (security_invoker = true) as
select t.episode_key, t.dialog_id, e.channel, e.contact_id, e.deal_id, nullif(d.price, 0) as price, t.manager_id,
       t.clock_at as waiting_since, t.due_at, t.source_updated_at as known_until
from public.synkro_turn t
join public.synkro_episode e on e.episode_key = t.episode_key and e.superseded_at is null
left join public.synkro_deal d on d.deal_id = e.deal_id
where t.side = 'client' and t.is_last_client_turn and t.needs_reply and t.answered_at is null
  and t.superseded_at is null and t.due_at < now();
end $view$;
comment on view public.synkro_v_unanswered_now is 'Кто ждёт ответа дольше нормы';
revoke all on public.synkro_v_unanswered_now from public;
grant select on public.synkro_v_unanswered_now to synkro_writer;
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_v_unanswered_now from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select on public.synkro_v_unanswered_now to service_role;
  end if;
end $$;
do $view$ declare dependents text; begin
  create or replace view public.synkro_v_lost_deals with (security_invoker = true) as
select d.deal_id, d.name, nullif(d.price, 0) as price, d.pipeline_id, d.responsible_id, m.name as responsible_name,
       moved.at as lost_at, d.loss_reason_id, coalesce(r.name, 'не указана') as loss_reason
from public.synkro_deal d
left join lateral (
  select max(v.at) as at from public.synkro_deal_event v
  where v.deal_id = d.deal_id and v.kind = 'status' and v.after_status_id = 143 and v.before_status_id <> 143
) moved on true
left join public.synkro_loss_reason r on r.loss_reason_id = d.loss_reason_id
left join public.synkro_manager m on m.manager_id = d.responsible_id
where d.status_id = 143 and not d.is_deleted and d.merged_into is null;
exception when invalid_table_definition then
  select string_agg(distinct format('%I.%I', space.nspname, own.relname), ', ') into dependents
  from pg_depend link
  join pg_rewrite rule on rule.oid = link.objid
  join pg_class own on own.oid = rule.ev_class
  join pg_namespace space on space.oid = own.relnamespace
  where link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
    and link.refobjid = 'public.synkro_v_lost_deals'::regclass and own.oid <> link.refobjid;
  if dependents is not null then
    raise exception 'synkro_v_lost_deals: the columns of this view change, and these views of yours depend on it: %', dependents using errcode = '2BP01';
  end if;
  drop view public.synkro_v_lost_deals;
  create view public.synkro_v_lost_deals with (security_invoker = true) as
select d.deal_id, d.name, nullif(d.price, 0) as price, d.pipeline_id, d.responsible_id, m.name as responsible_name,
       moved.at as lost_at, d.loss_reason_id, coalesce(r.name, 'не указана') as loss_reason
from public.synkro_deal d
left join lateral (
  select max(v.at) as at from public.synkro_deal_event v
  where v.deal_id = d.deal_id and v.kind = 'status' and v.after_status_id = 143 and v.before_status_id <> 143
) moved on true
left join public.synkro_loss_reason r on r.loss_reason_id = d.loss_reason_id
left join public.synkro_manager m on m.manager_id = d.responsible_id
where d.status_id = 143 and not d.is_deleted and d.merged_into is null;
end $view$;
comment on view public.synkro_v_lost_deals is 'Проигранные сделки с причинами';
revoke all on public.synkro_v_lost_deals from public;
grant select on public.synkro_v_lost_deals to synkro_writer;
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_v_lost_deals from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select on public.synkro_v_lost_deals to service_role;
  end if;
end $$;
create table if not exists public.synkro_schema_version (
  version integer primary key,
  applied_at timestamptz not null default now()
);
alter table public.synkro_schema_version enable row level security;
revoke all on public.synkro_schema_version from public;
grant select, insert, update on public.synkro_schema_version to synkro_writer;
drop policy if exists synkro_writer on public.synkro_schema_version;
create policy synkro_writer on public.synkro_schema_version to synkro_writer using (true) with check (true);
do $$ declare found text; begin
  for found in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on public.synkro_schema_version from %I', found);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant select, insert, update, delete on public.synkro_schema_version to service_role;
  end if;
end $$;
insert into public.synkro_schema_version (version) values (4) on conflict do nothing;
notify pgrst, 'reload schema';