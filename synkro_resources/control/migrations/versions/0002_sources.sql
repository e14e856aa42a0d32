ALTER TABLE public.integration_check ADD COLUMN duration_ms INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE public.integration_check ALTER COLUMN duration_ms DROP DEFAULT;
CREATE TABLE public.rate_bucket (
	account_key TEXT NOT NULL,
	bucket TEXT NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_rate_bucket PRIMARY KEY (account_key, bucket)
);
CREATE TABLE public.vendor_block (
	account_key TEXT NOT NULL,
	code TEXT NOT NULL,
	blocked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	blocked_until TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_vendor_block PRIMARY KEY (account_key)
);
CREATE TABLE public.amocrm_consent (
	tenant TEXT NOT NULL,
	state_hash TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_amocrm_consent PRIMARY KEY (tenant, state_hash),
	CONSTRAINT fk_amocrm_consent_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.radist_webhook (
	tenant TEXT NOT NULL,
	path_hash TEXT NOT NULL,
	connection_id BIGINT NOT NULL,
	webhook_id TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_event_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_radist_webhook PRIMARY KEY (tenant, path_hash),
	CONSTRAINT fk_radist_webhook_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.radist_hint (
	tenant TEXT NOT NULL,
	chat_id BIGINT NOT NULL,
	events INTEGER NOT NULL,
	first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_radist_hint PRIMARY KEY (tenant, chat_id),
	CONSTRAINT fk_radist_hint_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
ALTER TABLE public.rate_bucket ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rate_bucket FORCE ROW LEVEL SECURITY;
ALTER TABLE public.vendor_block ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.vendor_block FORCE ROW LEVEL SECURITY;
ALTER TABLE public.amocrm_consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.amocrm_consent FORCE ROW LEVEL SECURITY;
ALTER TABLE public.radist_hint ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.radist_hint FORCE ROW LEVEL SECURITY;
ALTER TABLE public.radist_webhook ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.radist_webhook FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.amocrm_consent TO synkro_app;
CREATE POLICY app ON public.amocrm_consent TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.radist_hint TO synkro_app;
CREATE POLICY app ON public.radist_hint TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.radist_webhook TO synkro_app;
CREATE POLICY app ON public.radist_webhook TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE ON public.rate_bucket TO synkro_app;
CREATE POLICY app ON public.rate_bucket TO synkro_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.vendor_block TO synkro_app;
CREATE POLICY app ON public.vendor_block TO synkro_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON public.vendor_block TO synkro_operator;
CREATE POLICY operator ON public.vendor_block TO synkro_operator USING (true) WITH CHECK (true);
