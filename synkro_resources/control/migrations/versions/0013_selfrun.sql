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
