CREATE TABLE public.support_visit (
	tenant TEXT NOT NULL,
	visit_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	name TEXT NOT NULL,
	reason TEXT NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_support_visit PRIMARY KEY (tenant, visit_id),
	CONSTRAINT fk_support_visit_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_support_visit_open ON public.support_visit (user_id) WHERE ended_at IS NULL;
CREATE TABLE public.support_access (
	tenant TEXT NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_support_access PRIMARY KEY (tenant),
	CONSTRAINT fk_support_access_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
ALTER TABLE public.support_visit ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.support_visit FORCE ROW LEVEL SECURITY;
ALTER TABLE public.support_access ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.support_access FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE (ended_at) ON public.support_visit TO synkro_app;
CREATE POLICY app ON public.support_visit TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.support_access TO synkro_app;
CREATE POLICY app ON public.support_access TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT ON public.support_visit TO synkro_auth;
CREATE POLICY auth ON public.support_visit TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT ON public.support_access TO synkro_auth;
CREATE POLICY auth ON public.support_access TO synkro_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.support_visit TO synkro_operator;
CREATE POLICY operator ON public.support_visit TO synkro_operator USING (true) WITH CHECK (true);
ALTER TABLE public.notice DROP CONSTRAINT ck_notice_kind;
ALTER TABLE public.notice ADD CONSTRAINT ck_notice_kind CHECK (kind IN ('integration_broken', 'request_failed', 'delivery_uncertain', 'delivery_failed', 'data_old', 'ai_budget', 'report_late', 'report_missing', 'dispute_waiting', 'plan_limit', 'support_visit', 'trial_ends'));
