ALTER TABLE public.integration DROP CONSTRAINT ck_integration_kind;
ALTER TABLE public.integration ADD CONSTRAINT ck_integration_kind CHECK (kind IN ('amocrm', 'radist', 'supabase', 'ai', 'telegram', 'email'));
ALTER TABLE public.integration_check DROP CONSTRAINT ck_integration_check_kind;
ALTER TABLE public.integration_check ADD CONSTRAINT ck_integration_check_kind CHECK (kind IN ('amocrm', 'radist', 'supabase', 'ai', 'telegram', 'email'));
CREATE UNIQUE INDEX uq_destination_address ON public.destination (tenant, chat_id) WHERE channel = 'email';
CREATE TABLE public.email_code (
	tenant TEXT NOT NULL,
	code_hash TEXT NOT NULL,
	destination_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	attempts INTEGER NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_email_code PRIMARY KEY (tenant, code_hash),
	CONSTRAINT fk_email_code_tenant_destination_id FOREIGN KEY(tenant, destination_id) REFERENCES public.destination (tenant, destination_id),
	CONSTRAINT fk_email_code_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE INDEX ix_email_code_newest ON public.email_code (tenant, destination_id, created_at);
ALTER TABLE public.email_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.email_code FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.email_code TO synkro_app;
CREATE POLICY app ON public.email_code TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
