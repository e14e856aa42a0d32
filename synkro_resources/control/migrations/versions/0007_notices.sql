ALTER TABLE public.destination ADD COLUMN for_admins BOOLEAN DEFAULT false NOT NULL;
CREATE TABLE public.notice (
	tenant TEXT NOT NULL,
	notice_id TEXT NOT NULL,
	incident TEXT NOT NULL,
	what_ru TEXT NOT NULL,
	what_en TEXT NOT NULL,
	remedy_ru TEXT NOT NULL,
	remedy_en TEXT NOT NULL,
	page TEXT NOT NULL,
	began_at TIMESTAMP WITH TIME ZONE NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	end_told_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_notice PRIMARY KEY (tenant, notice_id),
	CONSTRAINT fk_notice_tenant FOREIGN KEY(tenant) REFERENCES public.tenant (slug) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_notice_open ON public.notice (tenant, incident) WHERE ended_at IS NULL;
ALTER TABLE public.notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notice FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.notice TO synkro_app;
CREATE POLICY app ON public.notice TO synkro_app USING (tenant = current_setting('synkro.tenant', true)) WITH CHECK (tenant = current_setting('synkro.tenant', true));
