CREATE TABLE public.telegram_link_code (
	tenant TEXT NOT NULL,
	code_hash TEXT NOT NULL,
	bot_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	destination_id TEXT,
	CONSTRAINT pk_telegram_link_code PRIMARY KEY (tenant, code_hash),
	CONSTRAINT fk_telegram_link_code_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE TABLE public.telegram_offset (
	bot_id TEXT NOT NULL,
	next_update_id BIGINT NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_telegram_offset PRIMARY KEY (bot_id)
);
ALTER TABLE public.telegram_link_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.telegram_link_code FORCE ROW LEVEL SECURITY;
ALTER TABLE public.telegram_offset ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.telegram_offset FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.telegram_link_code TO synkro_app;
CREATE POLICY app ON public.telegram_link_code TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
GRANT SELECT, INSERT, UPDATE ON public.telegram_offset TO synkro_app;
CREATE POLICY app ON public.telegram_offset TO synkro_app USING (true) WITH CHECK (true);
