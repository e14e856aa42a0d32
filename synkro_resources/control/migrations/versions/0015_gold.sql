-- Nothing has written gold items so far.
DELETE FROM public.gold_item;
ALTER TABLE public.gold_item ADD COLUMN analysis_key TEXT NOT NULL;
ALTER TABLE public.gold_item ADD CONSTRAINT fk_gold_item_tenant_analysis_key FOREIGN KEY (tenant, analysis_key) REFERENCES public.episode_analysis (tenant, analysis_key) ON DELETE CASCADE;
