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
