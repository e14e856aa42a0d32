ALTER TABLE public.plan
	ALTER COLUMN refresh_interval_min DROP NOT NULL,
	ADD COLUMN event_refresh_min INTEGER;
-- Forced row level security binds the owner, too, who has no policy of its own.
ALTER TABLE public.plan NO FORCE ROW LEVEL SECURITY;
UPDATE public.plan SET event_refresh_min = refresh_interval_min WHERE code <> 'base';
UPDATE public.plan SET refresh_interval_min = NULL WHERE code = 'base';
UPDATE public.plan SET refresh_interval_min = 60 WHERE code = 'pro';
UPDATE public.plan SET refresh_interval_min = 15 WHERE code = 'enterprise';
ALTER TABLE public.plan FORCE ROW LEVEL SECURITY;
GRANT SELECT ON public.plan TO synkro_scheduler;
CREATE POLICY scheduler ON public.plan TO synkro_scheduler USING (true) WITH CHECK (true);
GRANT SELECT ON public.subscription TO synkro_scheduler;
CREATE POLICY scheduler ON public.subscription TO synkro_scheduler USING (tenant IN (SELECT slug FROM tenant)) WITH CHECK (tenant IN (SELECT slug FROM tenant));
ALTER TABLE public.plan ADD COLUMN trial_days INTEGER NOT NULL DEFAULT 14;
ALTER TABLE public.plan ALTER COLUMN trial_days DROP DEFAULT;
ALTER TABLE public.subscription ADD COLUMN trial_days INTEGER;
ALTER TABLE public.tenant DROP CONSTRAINT ck_tenant_status;
ALTER TABLE public.tenant ADD CONSTRAINT ck_tenant_status CHECK (status IN ('active', 'suspended', 'trial_over'));
ALTER TABLE public.notice DROP CONSTRAINT ck_notice_kind;
ALTER TABLE public.notice ADD CONSTRAINT ck_notice_kind CHECK (kind IN ('integration_broken', 'request_failed', 'delivery_uncertain', 'delivery_failed', 'data_old', 'ai_budget', 'report_late', 'report_missing', 'dispute_waiting', 'trial_ends'));
CREATE TABLE public.service_line (
	tenant TEXT NOT NULL,
	line_id TEXT NOT NULL,
	month DATE NOT NULL,
	kind TEXT NOT NULL,
	title TEXT NOT NULL,
	amount NUMERIC(14, 2) NOT NULL,
	currency TEXT NOT NULL,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	added_by TEXT NOT NULL,
	CONSTRAINT pk_service_line PRIMARY KEY (tenant, line_id),
	CONSTRAINT ck_service_line_kind CHECK (kind IN ('onboarding', 'managed', 'other')),
	CONSTRAINT fk_service_line_tenant FOREIGN KEY (tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
-- The package is sold once; the managed service once a month.
CREATE UNIQUE INDEX uq_service_line_onboarding ON public.service_line (tenant) WHERE kind = 'onboarding';
CREATE UNIQUE INDEX uq_service_line_managed ON public.service_line (tenant, month) WHERE kind = 'managed';
ALTER TABLE public.service_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_line FORCE ROW LEVEL SECURITY;
GRANT SELECT ON public.service_line TO synkro_app;
CREATE POLICY app ON public.service_line TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE ON public.service_line TO synkro_operator;
CREATE POLICY operator ON public.service_line TO synkro_operator USING (true) WITH CHECK (true);
