ALTER TABLE public.usage_month ADD COLUMN ai_currency TEXT DEFAULT '' NOT NULL;
UPDATE public.usage_month AS used SET ai_currency = coalesce((
	SELECT call.currency FROM public.ai_call AS call
	WHERE call.tenant = used.tenant AND call.currency <> ''
	ORDER BY call.called_at DESC LIMIT 1
), '');
