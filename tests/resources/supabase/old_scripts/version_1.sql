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
insert into public.synkro_schema_version (version) values (1) on conflict do nothing;
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
  source_updated_at timestamptz not null,
  primary key (deal_id)
);
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
comment on column public.synkro_deal.source_updated_at is 'Версия строки: старшая побеждает';
create table if not exists public.synkro_deal_contact (
  deal_id bigint not null,
  contact_id bigint not null,
  is_main boolean not null,
  source_updated_at timestamptz not null,
  primary key (deal_id, contact_id)
);
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
  source_updated_at timestamptz not null,
  primary key (episode_key)
);
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
  source_updated_at timestamptz not null,
  primary key (turn_id)
);
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
comment on column public.synkro_turn.attribution is 'author, event, current, none';
comment on column public.synkro_turn.attribution_confidence is 'Уверенность менеджера';
comment on column public.synkro_turn.source_updated_at is 'Версия строки: старшая побеждает';
notify pgrst, 'reload schema';
