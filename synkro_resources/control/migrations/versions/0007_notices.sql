ALTER TABLE public.destination ADD COLUMN for_admins BOOLEAN DEFAULT false NOT NULL;
CREATE TABLE public.notice (
	tenant TEXT NOT NULL,
	notice_id TEXT NOT NULL,
	audience TEXT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	code TEXT NOT NULL,
	step TEXT NOT NULL,
	what_ru TEXT NOT NULL,
	what_en TEXT NOT NULL,
	remedy_ru TEXT NOT NULL,
	remedy_en TEXT NOT NULL,
	page TEXT NOT NULL,
	raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE,
	times_told INTEGER NOT NULL,
	recovered_at TIMESTAMP WITH TIME ZONE,
	recovery_told_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_notice PRIMARY KEY (tenant, notice_id),
	CONSTRAINT ck_notice_audience CHECK (audience IN ('admins', 'readers')),
	CONSTRAINT ck_notice_kind CHECK (kind IN ('integration_broken', 'request_failed', 'delivery_uncertain', 'delivery_failed', 'data_old', 'ai_budget', 'report_late', 'report_missing')),
	CONSTRAINT fk_notice_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_notice_open ON public.notice (tenant, kind, subject, code) WHERE recovered_at IS NULL;
CREATE INDEX ix_notice_raised ON public.notice (tenant, raised_at);
ALTER TABLE public.notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notice FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.notice TO synkro_app;
CREATE POLICY app ON public.notice TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
