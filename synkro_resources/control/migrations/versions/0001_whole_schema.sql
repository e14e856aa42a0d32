-- The control database's schema. Frozen: change the schema by a new revision.

CREATE SCHEMA pii;

CREATE TABLE account (
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (account_id),
    CONSTRAINT uq_account_name UNIQUE (name)
);

CREATE TABLE app_user (
    user_id TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_app_user PRIMARY KEY (user_id),
    CONSTRAINT ck_app_user_status CHECK (status IN ('active', 'disabled')),
    CONSTRAINT ck_app_user_language CHECK (language IN ('ru', 'en')),
    CONSTRAINT uq_app_user_email UNIQUE (email)
);

CREATE TABLE audit_event (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL,
    details JSONB NOT NULL,
    CONSTRAINT pk_audit_event PRIMARY KEY (event_id)
);
CREATE INDEX ix_audit_event_newest ON audit_event (tenant, at);

CREATE TABLE plan (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    manual_requests_per_day INTEGER NOT NULL,
    schedules_allowed BOOLEAN NOT NULL,
    refresh_interval_min INTEGER NOT NULL,
    users INTEGER NOT NULL,
    dialogs_per_month INTEGER NOT NULL,
    history_days INTEGER NOT NULL,
    CONSTRAINT pk_plan PRIMARY KEY (code)
);

CREATE TABLE signin_attempt (
    email_hash TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    window_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_signin_attempt PRIMARY KEY (email_hash)
);

CREATE TABLE platform_role (
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    granted_by TEXT NOT NULL,
    CONSTRAINT pk_platform_role PRIMARY KEY (user_id, role),
    CONSTRAINT ck_platform_role_role CHECK (role IN ('operator')),
    CONSTRAINT fk_platform_role_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);

CREATE TABLE session (
    sid TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tenant TEXT,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_session PRIMARY KEY (sid),
    CONSTRAINT uq_session_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_session_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
CREATE INDEX ix_session_user_id ON session (user_id);

CREATE TABLE tenant (
    slug TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    cell TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tenant PRIMARY KEY (slug),
    CONSTRAINT ck_tenant_slug CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,40}$'),
    CONSTRAINT ck_tenant_status CHECK (status IN ('active', 'suspended')),
    CONSTRAINT fk_tenant_account_id FOREIGN KEY(account_id) REFERENCES account (account_id)
);
CREATE INDEX ix_tenant_account_id ON tenant (account_id);

CREATE TABLE ai_call (
    tenant TEXT NOT NULL,
    call_id TEXT NOT NULL,
    analysis_key TEXT,
    narrative_id TEXT,
    called_at TIMESTAMP WITH TIME ZONE NOT NULL,
    provider TEXT NOT NULL,
    host TEXT NOT NULL,
    model TEXT NOT NULL,
    rung INTEGER NOT NULL,
    http_status INTEGER,
    vendor_request_id TEXT,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost NUMERIC(14, 6) NOT NULL,
    currency TEXT NOT NULL,
    cost_is_estimate BOOLEAN NOT NULL,
    latency_ms INTEGER NOT NULL,
    masked_request TEXT,
    masked_answer TEXT,
    request_hash TEXT NOT NULL,
    answer_hash TEXT NOT NULL,
    CONSTRAINT pk_ai_call PRIMARY KEY (tenant, call_id),
    CONSTRAINT fk_ai_call_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_ai_call_time ON ai_call (tenant, called_at);

CREATE TABLE check_result (
    tenant TEXT NOT NULL,
    asset TEXT NOT NULL,
    check_name TEXT NOT NULL,
    day DATE NOT NULL,
    run_id TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    blocking BOOLEAN NOT NULL,
    what_ru TEXT NOT NULL,
    what_en TEXT NOT NULL,
    details JSONB NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_check_result PRIMARY KEY (tenant, asset, check_name, day),
    CONSTRAINT fk_check_result_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE day_state (
    tenant TEXT NOT NULL,
    day DATE NOT NULL,
    layer TEXT NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    complete BOOLEAN NOT NULL,
    versions JSONB NOT NULL,
    CONSTRAINT pk_day_state PRIMARY KEY (tenant, day, layer),
    CONSTRAINT ck_day_state_layer CHECK (layer IN ('raw', 'derived')),
    CONSTRAINT fk_day_state_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE destination (
    tenant TEXT NOT NULL,
    destination_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    chat_id TEXT NOT NULL,
    title TEXT NOT NULL,
    thread_id TEXT,
    is_forum BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    disabled_code TEXT NOT NULL,
    last_call_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_destination PRIMARY KEY (tenant, destination_id),
    CONSTRAINT ck_destination_channel CHECK (channel IN ('telegram', 'email')),
    CONSTRAINT fk_destination_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE dialog_link (
    tenant TEXT NOT NULL,
    dialog_id TEXT NOT NULL,
    deal_id BIGINT NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_dialog_link PRIMARY KEY (tenant, dialog_id, deal_id),
    CONSTRAINT fk_dialog_link_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE dispute (
    tenant TEXT NOT NULL,
    dispute_id TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT,
    decision_text TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_dispute PRIMARY KEY (tenant, dispute_id),
    CONSTRAINT ck_dispute_state CHECK (state IN ('открыт', 'принят', 'отклонён', 'снят')),
    CONSTRAINT fk_dispute_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_dispute_finding ON dispute (tenant, finding_id);

CREATE TABLE episode_analysis (
    tenant TEXT NOT NULL,
    analysis_key TEXT NOT NULL,
    episode_key TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    content_until TIMESTAMP WITH TIME ZONE NOT NULL,
    variant TEXT NOT NULL,
    versions JSONB NOT NULL,
    status TEXT NOT NULL,
    answer JSONB,
    truncated BOOLEAN NOT NULL,
    injection_flag BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost NUMERIC(14, 6) NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    superseded_by TEXT,
    CONSTRAINT pk_episode_analysis PRIMARY KEY (tenant, analysis_key),
    CONSTRAINT ck_episode_analysis_variant CHECK (variant IN ('labels', 'full')),
    CONSTRAINT fk_episode_analysis_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_episode_analysis_episode ON episode_analysis (tenant, episode_key, content_until);

CREATE TABLE feedback (
    tenant TEXT NOT NULL,
    feedback_id TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    analysis_key TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    comment TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    channel TEXT NOT NULL,
    sampling TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    replaced_by TEXT,
    CONSTRAINT pk_feedback PRIMARY KEY (tenant, feedback_id),
    CONSTRAINT ck_feedback_verdict CHECK (verdict IN ('верно', 'неверно', 'спорно')),
    CONSTRAINT ck_feedback_reason CHECK (reason IN ('', 'цитата_не_о_том', 'не_применимо', 'не_тот_автор', 'контекст', 'правило_неясно', 'другое')),
    CONSTRAINT ck_feedback_channel CHECK (channel IN ('cabinet', 'messenger')),
    CONSTRAINT ck_feedback_sampling CHECK (sampling IN ('random', 'low_confidence', 'voluntary')),
    CONSTRAINT fk_feedback_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_feedback_live ON feedback (tenant, finding_id, user_id) WHERE replaced_by IS NULL;

CREATE TABLE gold_item (
    tenant TEXT NOT NULL,
    episode_key TEXT NOT NULL,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    annotator TEXT NOT NULL,
    value TEXT,
    refs TEXT[] NOT NULL,
    guideline_version TEXT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT pk_gold_item PRIMARY KEY (tenant, episode_key, type, code, annotator),
    CONSTRAINT ck_gold_item_state CHECK (state IN ('draft', 'agreed', 'arbitrated')),
    CONSTRAINT fk_gold_item_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE injection_event (
    tenant TEXT NOT NULL,
    episode_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    detector TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reviewed_by TEXT,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_injection_event PRIMARY KEY (tenant, episode_key, message_id, detector),
    CONSTRAINT fk_injection_event_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE integration (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    public JSONB NOT NULL,
    secrets JSONB NOT NULL,
    secret_tails JSONB NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_code TEXT NOT NULL,
    what_ru TEXT NOT NULL,
    what_en TEXT NOT NULL,
    remedy_ru TEXT NOT NULL,
    remedy_en TEXT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_by TEXT NOT NULL,
    CONSTRAINT pk_integration PRIMARY KEY (tenant, kind),
    CONSTRAINT ck_integration_kind CHECK (kind IN ('amocrm', 'radist', 'supabase', 'ai', 'telegram')),
    CONSTRAINT ck_integration_status CHECK (status IN ('new', 'ok', 'warning', 'broken')),
    CONSTRAINT fk_integration_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE integration_check (
    tenant TEXT NOT NULL,
    check_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    findings JSONB NOT NULL,
    CONSTRAINT pk_integration_check PRIMARY KEY (tenant, check_id),
    CONSTRAINT ck_integration_check_kind CHECK (kind IN ('amocrm', 'radist', 'supabase', 'ai', 'telegram')),
    CONSTRAINT ck_integration_check_status CHECK (status IN ('new', 'ok', 'warning', 'broken')),
    CONSTRAINT fk_integration_check_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_integration_check_newest ON integration_check (tenant, kind, checked_at);

CREATE TABLE invitation (
    tenant TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    manager_id BIGINT,
    can_read_texts BOOLEAN NOT NULL,
    token_hash TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_invitation PRIMARY KEY (tenant, invitation_id),
    CONSTRAINT ck_invitation_role CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    CONSTRAINT fk_invitation_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE,
    CONSTRAINT uq_invitation_token_hash UNIQUE (token_hash)
);

CREATE TABLE membership (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    manager_id BIGINT,
    can_read_texts BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_membership PRIMARY KEY (tenant, user_id),
    CONSTRAINT ck_membership_role CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    CONSTRAINT fk_membership_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE,
    CONSTRAINT fk_membership_user_id FOREIGN KEY(user_id) REFERENCES app_user (user_id) ON DELETE CASCADE
);
CREATE INDEX ix_membership_user_id ON membership (user_id);

CREATE TABLE pii.pii_token (
    tenant TEXT NOT NULL,
    token TEXT NOT NULL,
    kind TEXT NOT NULL,
    encrypted_value BYTEA NOT NULL,
    first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_pii_token PRIMARY KEY (tenant, token),
    CONSTRAINT fk_pii_token_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE prompt (
    tenant TEXT NOT NULL,
    version TEXT NOT NULL,
    content JSONB NOT NULL,
    author TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    active_from TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_prompt PRIMARY KEY (tenant, version),
    CONSTRAINT fk_prompt_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report_package (
    tenant TEXT NOT NULL,
    package_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    period_start TIMESTAMP WITH TIME ZONE NOT NULL,
    period_end TIMESTAMP WITH TIME ZONE NOT NULL,
    zone TEXT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    data_until TIMESTAMP WITH TIME ZONE NOT NULL,
    built_at TIMESTAMP WITH TIME ZONE NOT NULL,
    working_days INTEGER NOT NULL,
    holidays DATE[] NOT NULL,
    prev_kind TEXT,
    prev_first_day DATE,
    prev_last_day DATE,
    prev_note TEXT NOT NULL,
    verdict TEXT NOT NULL,
    verdict_reasons TEXT[] NOT NULL,
    versions JSONB NOT NULL,
    names JSONB NOT NULL,
    input_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT pk_report_package PRIMARY KEY (tenant, package_id),
    CONSTRAINT ck_report_package_state CHECK (state IN ('building', 'ready', 'superseded')),
    CONSTRAINT ck_report_package_verdict CHECK (verdict IN ('ok', 'preliminary', 'empty', 'failed')),
    CONSTRAINT uq_report_package_tenant_report_id_revision UNIQUE (tenant, report_id, revision),
    CONSTRAINT fk_report_package_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report_schedule (
    tenant TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_time TIME WITHOUT TIME ZONE NOT NULL,
    weekdays INTEGER[] NOT NULL,
    language TEXT NOT NULL,
    destinations TEXT[] NOT NULL,
    enabled BOOLEAN NOT NULL,
    lead_minutes INTEGER NOT NULL,
    next_due_at TIMESTAMP WITH TIME ZONE,
    paused_reason TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_by TEXT NOT NULL,
    CONSTRAINT pk_report_schedule PRIMARY KEY (tenant, schedule_id),
    CONSTRAINT ck_report_schedule_kind CHECK (kind IN ('day', 'week', 'month')),
    CONSTRAINT fk_report_schedule_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE rubric (
    tenant TEXT NOT NULL,
    version TEXT NOT NULL,
    content JSONB NOT NULL,
    author TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    active_from TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_rubric PRIMARY KEY (tenant, version),
    CONSTRAINT fk_rubric_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE run_request (
    tenant TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    period_kind TEXT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    requested_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    plan JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    error_code TEXT NOT NULL,
    what_ru TEXT NOT NULL,
    what_en TEXT NOT NULL,
    remedy_ru TEXT NOT NULL,
    remedy_en TEXT NOT NULL,
    CONSTRAINT pk_run_request PRIMARY KEY (tenant, request_id),
    CONSTRAINT ck_run_request_kind CHECK (kind IN ('data', 'refresh', 'report')),
    CONSTRAINT ck_run_request_period_kind CHECK (period_kind IN ('day', 'week', 'month', 'custom')),
    CONSTRAINT ck_run_request_status CHECK (status IN ('open', 'running', 'done', 'failed', 'cancelled')),
    CONSTRAINT ck_run_request_period CHECK (first_day <= last_day),
    CONSTRAINT fk_run_request_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_run_request_created ON run_request (tenant, created_at);
CREATE UNIQUE INDEX uq_run_request_open ON run_request (tenant, kind, period_kind, first_day, last_day) WHERE status IN ('open', 'running');

CREATE TABLE source_run (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    step TEXT NOT NULL,
    day DATE NOT NULL,
    status TEXT NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    rows_source BIGINT NOT NULL,
    rows_stored BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    rows_duplicate BIGINT NOT NULL,
    CONSTRAINT pk_source_run PRIMARY KEY (tenant, source, step, day),
    CONSTRAINT fk_source_run_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE subscription (
    tenant TEXT NOT NULL,
    plan TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_subscription PRIMARY KEY (tenant),
    CONSTRAINT fk_subscription_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE,
    CONSTRAINT fk_subscription_plan FOREIGN KEY(plan) REFERENCES plan (code)
);

CREATE TABLE taxonomy (
    tenant TEXT NOT NULL,
    version TEXT NOT NULL,
    content JSONB NOT NULL,
    author TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    active_from TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_taxonomy PRIMARY KEY (tenant, version),
    CONSTRAINT fk_taxonomy_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE tenant_settings (
    tenant TEXT NOT NULL,
    version INTEGER NOT NULL,
    settings JSONB NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tenant_settings PRIMARY KEY (tenant, version),
    CONSTRAINT fk_tenant_settings_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE usage_month (
    tenant TEXT NOT NULL,
    month DATE NOT NULL,
    dialogs INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    ai_calls INTEGER NOT NULL,
    ai_tokens BIGINT NOT NULL,
    ai_cost NUMERIC(14, 6) NOT NULL,
    CONSTRAINT pk_usage_month PRIMARY KEY (tenant, month),
    CONSTRAINT fk_usage_month_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE delivery (
    tenant TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    package_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    channel TEXT NOT NULL,
    destination_id TEXT NOT NULL,
    part_no INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    delivery_key TEXT NOT NULL,
    payload JSONB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    is_resend BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    message_id TEXT,
    last_error_code TEXT NOT NULL,
    last_error_text TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_delivery PRIMARY KEY (tenant, delivery_id),
    CONSTRAINT ck_delivery_state CHECK (state IN ('pending', 'sending', 'sent', 'retry_wait', 'uncertain', 'failed', 'cancelled')),
    CONSTRAINT uq_delivery_tenant_delivery_key UNIQUE (tenant, delivery_key),
    CONSTRAINT fk_delivery_tenant_destination_id FOREIGN KEY(tenant, destination_id) REFERENCES destination (tenant, destination_id),
    CONSTRAINT fk_delivery_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_delivery_queue ON delivery (tenant, destination_id, state);

CREATE TABLE episode_analysis_day (
    tenant TEXT NOT NULL,
    day DATE NOT NULL,
    episode_key TEXT NOT NULL,
    analysis_key TEXT NOT NULL,
    cache_hit BOOLEAN NOT NULL,
    CONSTRAINT pk_episode_analysis_day PRIMARY KEY (tenant, day, episode_key),
    CONSTRAINT fk_episode_analysis_day_tenant_analysis_key FOREIGN KEY(tenant, analysis_key) REFERENCES episode_analysis (tenant, analysis_key) ON DELETE CASCADE,
    CONSTRAINT fk_episode_analysis_day_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE finding (
    tenant TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    analysis_key TEXT NOT NULL,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    value TEXT,
    applicability TEXT,
    message_ids TEXT[] NOT NULL,
    quote_message_id TEXT,
    text_version TEXT,
    start INTEGER,
    "end" INTEGER,
    quote_masked TEXT,
    detail_masked TEXT,
    band TEXT NOT NULL,
    run_agreement TEXT,
    CONSTRAINT pk_finding PRIMARY KEY (tenant, finding_id),
    CONSTRAINT fk_finding_tenant_analysis_key FOREIGN KEY(tenant, analysis_key) REFERENCES episode_analysis (tenant, analysis_key) ON DELETE CASCADE,
    CONSTRAINT fk_finding_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_finding_analysis ON finding (tenant, analysis_key);

CREATE TABLE finding_drop (
    tenant TEXT NOT NULL,
    analysis_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    drop_no INTEGER NOT NULL,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    drop_code TEXT NOT NULL,
    CONSTRAINT pk_finding_drop PRIMARY KEY (tenant, analysis_key, attempt, drop_no),
    CONSTRAINT fk_finding_drop_tenant_analysis_key FOREIGN KEY(tenant, analysis_key) REFERENCES episode_analysis (tenant, analysis_key) ON DELETE CASCADE,
    CONSTRAINT fk_finding_drop_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report (
    tenant TEXT NOT NULL,
    doc_id TEXT NOT NULL,
    package_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    document JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_report PRIMARY KEY (tenant, doc_id),
    CONSTRAINT fk_report_tenant_package_id FOREIGN KEY(tenant, package_id) REFERENCES report_package (tenant, package_id) ON DELETE CASCADE,
    CONSTRAINT fk_report_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_report_newest ON report (tenant, created_at);

CREATE TABLE report_package_fact (
    tenant TEXT NOT NULL,
    package_id TEXT NOT NULL,
    fact_id TEXT NOT NULL,
    code TEXT NOT NULL,
    rank INTEGER NOT NULL,
    severity DOUBLE PRECISION,
    amount BIGINT,
    template_text TEXT NOT NULL,
    values JSONB NOT NULL,
    finding_ids TEXT[],
    wording TEXT NOT NULL,
    final_text TEXT NOT NULL,
    CONSTRAINT pk_report_package_fact PRIMARY KEY (tenant, package_id, fact_id),
    CONSTRAINT ck_report_package_fact_wording CHECK (wording IN ('template', 'model')),
    CONSTRAINT fk_report_package_fact_tenant_package_id FOREIGN KEY(tenant, package_id) REFERENCES report_package (tenant, package_id) ON DELETE CASCADE,
    CONSTRAINT fk_report_package_fact_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report_package_health (
    tenant TEXT NOT NULL,
    package_id TEXT NOT NULL,
    code TEXT NOT NULL,
    position INTEGER NOT NULL,
    value DOUBLE PRECISION,
    "limit" DOUBLE PRECISION,
    status TEXT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT pk_report_package_health PRIMARY KEY (tenant, package_id, code),
    CONSTRAINT fk_report_package_health_tenant_package_id FOREIGN KEY(tenant, package_id) REFERENCES report_package (tenant, package_id) ON DELETE CASCADE,
    CONSTRAINT fk_report_package_health_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report_package_metric (
    tenant TEXT NOT NULL,
    package_id TEXT NOT NULL,
    metric_no INTEGER NOT NULL,
    code TEXT NOT NULL,
    scope TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    value DOUBLE PRECISION,
    num BIGINT,
    den BIGINT,
    n BIGINT,
    unit TEXT NOT NULL,
    prev_value DOUBLE PRECISION,
    prev_n BIGINT,
    test TEXT,
    p_value DOUBLE PRECISION,
    ci_low DOUBLE PRECISION,
    ci_high DOUBLE PRECISION,
    verdict TEXT,
    polarity INTEGER,
    display TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_report_package_metric PRIMARY KEY (tenant, package_id, metric_no, code, scope, scope_id),
    CONSTRAINT fk_report_package_metric_tenant_package_id FOREIGN KEY(tenant, package_id) REFERENCES report_package (tenant, package_id) ON DELETE CASCADE,
    CONSTRAINT fk_report_package_metric_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE report_package_row (
    tenant TEXT NOT NULL,
    package_id TEXT NOT NULL,
    list_code TEXT NOT NULL,
    row_no INTEGER NOT NULL,
    position INTEGER NOT NULL,
    episode_key TEXT,
    dialog_id TEXT,
    deal_id BIGINT,
    manager_id BIGINT,
    attribution TEXT NOT NULL,
    amount BIGINT,
    age_min DOUBLE PRECISION,
    at TIMESTAMP WITH TIME ZONE,
    finding_ids TEXT[],
    band TEXT,
    extra JSONB NOT NULL,
    CONSTRAINT pk_report_package_row PRIMARY KEY (tenant, package_id, list_code, row_no),
    CONSTRAINT fk_report_package_row_tenant_package_id FOREIGN KEY(tenant, package_id) REFERENCES report_package (tenant, package_id) ON DELETE CASCADE,
    CONSTRAINT fk_report_package_row_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE run (
    tenant TEXT NOT NULL,
    run_id TEXT NOT NULL,
    request_id TEXT,
    job TEXT NOT NULL,
    stage TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    first_day DATE,
    last_day DATE,
    status TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    heartbeat_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    error_code TEXT NOT NULL,
    what_ru TEXT NOT NULL,
    what_en TEXT NOT NULL,
    remedy_ru TEXT NOT NULL,
    remedy_en TEXT NOT NULL,
    CONSTRAINT pk_run PRIMARY KEY (tenant, run_id),
    CONSTRAINT fk_run_tenant_request_id FOREIGN KEY(tenant, request_id) REFERENCES run_request (tenant, request_id),
    CONSTRAINT ck_run_status CHECK (status IN ('running', 'done', 'failed')),
    CONSTRAINT fk_run_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_run_heartbeat ON run (heartbeat_at) WHERE status = 'running';
CREATE INDEX ix_run_request ON run (tenant, request_id);

CREATE TABLE report_file (
    tenant TEXT NOT NULL,
    file_id TEXT NOT NULL,
    doc_id TEXT NOT NULL,
    format TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_report_file PRIMARY KEY (tenant, file_id),
    CONSTRAINT fk_report_file_tenant_doc_id FOREIGN KEY(tenant, doc_id) REFERENCES report (tenant, doc_id) ON DELETE CASCADE,
    CONSTRAINT ck_report_file_format CHECK (format IN ('xlsx', 'pdf')),
    CONSTRAINT fk_report_file_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);

CREATE TABLE run_step (
    tenant TEXT NOT NULL,
    step_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id TEXT NOT NULL,
    asset TEXT NOT NULL,
    first_day DATE,
    last_day DATE,
    status TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    rows_in BIGINT,
    rows_out BIGINT,
    requests INTEGER,
    error_code TEXT NOT NULL,
    what_ru TEXT NOT NULL,
    what_en TEXT NOT NULL,
    remedy_ru TEXT NOT NULL,
    remedy_en TEXT NOT NULL,
    retryable BOOLEAN NOT NULL,
    CONSTRAINT pk_run_step PRIMARY KEY (tenant, step_id),
    CONSTRAINT fk_run_step_tenant_run_id FOREIGN KEY(tenant, run_id) REFERENCES run (tenant, run_id) ON DELETE CASCADE,
    CONSTRAINT ck_run_step_status CHECK (status IN ('running', 'done', 'failed', 'skipped')),
    CONSTRAINT fk_run_step_tenant FOREIGN KEY(tenant) REFERENCES tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_run_step_run ON run_step (tenant, run_id);

-- Before row level security is forced, because it then binds the owner as well.
INSERT INTO plan (code, name, manual_requests_per_day, schedules_allowed, refresh_interval_min, users, dialogs_per_month, history_days) VALUES
    ('base', 'Базовый', 5, true, 60, 3, 1000, 90),
    ('pro', 'Pro', 30, true, 15, 15, 10000, 365),
    ('enterprise', 'Enterprise', 300, true, 5, 200, 100000, 1095);

ALTER TABLE public.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.account FORCE ROW LEVEL SECURITY;
ALTER TABLE public.app_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.app_user FORCE ROW LEVEL SECURITY;
ALTER TABLE public.audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audit_event FORCE ROW LEVEL SECURITY;
ALTER TABLE public.plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.plan FORCE ROW LEVEL SECURITY;
ALTER TABLE public.signin_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.signin_attempt FORCE ROW LEVEL SECURITY;
ALTER TABLE public.platform_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.platform_role FORCE ROW LEVEL SECURITY;
ALTER TABLE public.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.session FORCE ROW LEVEL SECURITY;
ALTER TABLE public.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenant FORCE ROW LEVEL SECURITY;
ALTER TABLE public.ai_call ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ai_call FORCE ROW LEVEL SECURITY;
ALTER TABLE public.check_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.check_result FORCE ROW LEVEL SECURITY;
ALTER TABLE public.day_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.day_state FORCE ROW LEVEL SECURITY;
ALTER TABLE public.destination ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.destination FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dialog_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.dialog_link FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dispute ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.dispute FORCE ROW LEVEL SECURITY;
ALTER TABLE public.episode_analysis ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.episode_analysis FORCE ROW LEVEL SECURITY;
ALTER TABLE public.feedback ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.feedback FORCE ROW LEVEL SECURITY;
ALTER TABLE public.gold_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.gold_item FORCE ROW LEVEL SECURITY;
ALTER TABLE public.injection_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.injection_event FORCE ROW LEVEL SECURITY;
ALTER TABLE public.integration ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.integration FORCE ROW LEVEL SECURITY;
ALTER TABLE public.integration_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.integration_check FORCE ROW LEVEL SECURITY;
ALTER TABLE public.invitation ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invitation FORCE ROW LEVEL SECURITY;
ALTER TABLE public.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.membership FORCE ROW LEVEL SECURITY;
ALTER TABLE pii.pii_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE pii.pii_token FORCE ROW LEVEL SECURITY;
ALTER TABLE public.prompt ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.prompt FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_package ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_package FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_schedule FORCE ROW LEVEL SECURITY;
ALTER TABLE public.rubric ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rubric FORCE ROW LEVEL SECURITY;
ALTER TABLE public.run_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.run_request FORCE ROW LEVEL SECURITY;
ALTER TABLE public.source_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.source_run FORCE ROW LEVEL SECURITY;
ALTER TABLE public.subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.subscription FORCE ROW LEVEL SECURITY;
ALTER TABLE public.taxonomy ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.taxonomy FORCE ROW LEVEL SECURITY;
ALTER TABLE public.tenant_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenant_settings FORCE ROW LEVEL SECURITY;
ALTER TABLE public.usage_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.usage_month FORCE ROW LEVEL SECURITY;
ALTER TABLE public.delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.delivery FORCE ROW LEVEL SECURITY;
ALTER TABLE public.episode_analysis_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.episode_analysis_day FORCE ROW LEVEL SECURITY;
ALTER TABLE public.finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.finding FORCE ROW LEVEL SECURITY;
ALTER TABLE public.finding_drop ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.finding_drop FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_fact ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_fact FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_health ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_health FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_metric ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_metric FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_package_row FORCE ROW LEVEL SECURITY;
ALTER TABLE public.run ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.run FORCE ROW LEVEL SECURITY;
ALTER TABLE public.report_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.report_file FORCE ROW LEVEL SECURITY;
ALTER TABLE public.run_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.run_step FORCE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA public TO synkro_app, synkro_scheduler, synkro_auth, synkro_operator;
GRANT USAGE ON SCHEMA pii TO synkro_pii;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.ai_call TO synkro_app;
CREATE POLICY app ON public.ai_call TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.check_result TO synkro_app;
CREATE POLICY app ON public.check_result TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.day_state TO synkro_app;
CREATE POLICY app ON public.day_state TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.destination TO synkro_app;
CREATE POLICY app ON public.destination TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.dialog_link TO synkro_app;
CREATE POLICY app ON public.dialog_link TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.dispute TO synkro_app;
CREATE POLICY app ON public.dispute TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.episode_analysis TO synkro_app;
CREATE POLICY app ON public.episode_analysis TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.feedback TO synkro_app;
CREATE POLICY app ON public.feedback TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.gold_item TO synkro_app;
CREATE POLICY app ON public.gold_item TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.injection_event TO synkro_app;
CREATE POLICY app ON public.injection_event TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.integration TO synkro_app;
CREATE POLICY app ON public.integration TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.integration_check TO synkro_app;
CREATE POLICY app ON public.integration_check TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.invitation TO synkro_app;
CREATE POLICY app ON public.invitation TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.membership TO synkro_app;
CREATE POLICY app ON public.membership TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON pii.pii_token TO synkro_pii;
CREATE POLICY pii ON pii.pii_token TO synkro_pii USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.prompt TO synkro_app;
CREATE POLICY app ON public.prompt TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_package TO synkro_app;
CREATE POLICY app ON public.report_package TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_schedule TO synkro_app;
CREATE POLICY app ON public.report_schedule TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.rubric TO synkro_app;
CREATE POLICY app ON public.rubric TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.run_request TO synkro_app;
CREATE POLICY app ON public.run_request TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.source_run TO synkro_app;
CREATE POLICY app ON public.source_run TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT ON public.subscription TO synkro_app;
CREATE POLICY app ON public.subscription TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.taxonomy TO synkro_app;
CREATE POLICY app ON public.taxonomy TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tenant_settings TO synkro_app;
CREATE POLICY app ON public.tenant_settings TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.usage_month TO synkro_app;
CREATE POLICY app ON public.usage_month TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.delivery TO synkro_app;
CREATE POLICY app ON public.delivery TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.episode_analysis_day TO synkro_app;
CREATE POLICY app ON public.episode_analysis_day TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.finding TO synkro_app;
CREATE POLICY app ON public.finding TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.finding_drop TO synkro_app;
CREATE POLICY app ON public.finding_drop TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report TO synkro_app;
CREATE POLICY app ON public.report TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_package_fact TO synkro_app;
CREATE POLICY app ON public.report_package_fact TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_package_health TO synkro_app;
CREATE POLICY app ON public.report_package_health TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_package_metric TO synkro_app;
CREATE POLICY app ON public.report_package_metric TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_package_row TO synkro_app;
CREATE POLICY app ON public.report_package_row TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.run TO synkro_app;
CREATE POLICY app ON public.run TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.report_file TO synkro_app;
CREATE POLICY app ON public.report_file TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.run_step TO synkro_app;
CREATE POLICY app ON public.run_step TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT ON public.audit_event TO synkro_app;
CREATE POLICY app ON public.audit_event TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, UPDATE (name, zone) ON public.tenant TO synkro_app;
CREATE POLICY app ON public.tenant TO synkro_app USING (slug = current_setting('synkro.tenant', true)) WITH CHECK (slug = current_setting('synkro.tenant', true));
GRANT SELECT ON public.account TO synkro_app;
CREATE POLICY app ON public.account TO synkro_app USING (account_id IN (SELECT account_id FROM tenant)) WITH CHECK (account_id IN (SELECT account_id FROM tenant));
GRANT SELECT ON public.plan TO synkro_app;
CREATE POLICY app ON public.plan TO synkro_app USING (true) WITH CHECK (true);
GRANT SELECT ("user_id", "email", "name", "language", "status", "created_at") ON public.app_user TO synkro_app;
CREATE POLICY app ON public.app_user TO synkro_app USING (user_id IN (SELECT user_id FROM membership)) WITH CHECK (user_id IN (SELECT user_id FROM membership));
GRANT SELECT ON public.tenant TO synkro_scheduler;
CREATE POLICY scheduler ON public.tenant TO synkro_scheduler USING (cell = current_setting('synkro.cell', true)) WITH CHECK (cell = current_setting('synkro.cell', true));
GRANT SELECT, UPDATE (next_due_at, paused_reason) ON public.report_schedule TO synkro_scheduler;
CREATE POLICY scheduler ON public.report_schedule TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
GRANT SELECT, UPDATE ON public.run_request TO synkro_scheduler;
CREATE POLICY scheduler ON public.run_request TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
GRANT SELECT, UPDATE ON public.run TO synkro_scheduler;
CREATE POLICY scheduler ON public.run TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
GRANT SELECT, UPDATE ON public.run_step TO synkro_scheduler;
CREATE POLICY scheduler ON public.run_step TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
GRANT SELECT ON public.day_state TO synkro_scheduler;
CREATE POLICY scheduler ON public.day_state TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.app_user TO synkro_auth;
CREATE POLICY auth ON public.app_user TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.session TO synkro_auth;
CREATE POLICY auth ON public.session TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.signin_attempt TO synkro_auth;
CREATE POLICY auth ON public.signin_attempt TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON public.membership TO synkro_auth;
CREATE POLICY auth ON public.membership TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (accepted_at) ON public.invitation TO synkro_auth;
CREATE POLICY auth ON public.invitation TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT ON public.platform_role TO synkro_auth;
CREATE POLICY auth ON public.platform_role TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.plan TO synkro_operator;
CREATE POLICY operator ON public.plan TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.account TO synkro_operator;
CREATE POLICY operator ON public.account TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.tenant TO synkro_operator;
CREATE POLICY operator ON public.tenant TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.subscription TO synkro_operator;
CREATE POLICY operator ON public.subscription TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.report_schedule TO synkro_operator;
CREATE POLICY operator ON public.report_schedule TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.run_request TO synkro_operator;
CREATE POLICY operator ON public.run_request TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.run TO synkro_operator;
CREATE POLICY operator ON public.run TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.run_step TO synkro_operator;
CREATE POLICY operator ON public.run_step TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.source_run TO synkro_operator;
CREATE POLICY operator ON public.source_run TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.day_state TO synkro_operator;
CREATE POLICY operator ON public.day_state TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.check_result TO synkro_operator;
CREATE POLICY operator ON public.check_result TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.integration_check TO synkro_operator;
CREATE POLICY operator ON public.integration_check TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.usage_month TO synkro_operator;
CREATE POLICY operator ON public.usage_month TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ("tenant", "kind", "public", "secret_tails", "version", "status", "status_code", "what_ru", "what_en", "remedy_ru", "remedy_en", "checked_at", "updated_at", "updated_by") ON public.integration TO synkro_operator;
CREATE POLICY operator ON public.integration TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ("tenant", "delivery_id", "report_id", "package_id", "revision", "channel", "destination_id", "part_no", "parts", "content_hash", "delivery_key", "state", "attempts", "is_resend", "created_at", "next_at", "started_at", "sent_at", "message_id", "last_error_code", "last_error_text", "expires_at") ON public.delivery TO synkro_operator;
CREATE POLICY operator ON public.delivery TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ON public.destination TO synkro_operator;
CREATE POLICY operator ON public.destination TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ("tenant", "package_id", "report_id", "revision", "kind", "first_day", "last_day", "period_start", "period_end", "zone", "as_of", "data_until", "built_at", "working_days", "holidays", "prev_kind", "prev_first_day", "prev_last_day", "prev_note", "verdict", "verdict_reasons", "versions", "input_hash", "state") ON public.report_package TO synkro_operator;
CREATE POLICY operator ON public.report_package TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT ("user_id", "email", "name", "language", "status", "created_at"), INSERT, UPDATE ("email", "name", "language", "password_hash", "status") ON public.app_user TO synkro_operator;
CREATE POLICY operator ON public.app_user TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.membership TO synkro_operator;
CREATE POLICY operator ON public.membership TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.platform_role TO synkro_operator;
CREATE POLICY operator ON public.platform_role TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON public.tenant_settings TO synkro_operator;
CREATE POLICY operator ON public.tenant_settings TO synkro_operator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON public.audit_event TO synkro_operator;
CREATE POLICY operator ON public.audit_event TO synkro_operator USING (true) WITH CHECK (true);
CREATE FUNCTION public.refuse_to_change_the_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.audit_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_the_record();
