"""Texts of the landing page by language."""

TEXTS = {
    "kk": {
        "title": "Shalgai: байланысы жоқ елді мекендер",
        "lead": "Ұялы байланысы немесе интернеті жоқ елді мекендер: қайда, қаншалықты анық және неге.",
        "maps": "Карталар",
        "evidence": "Жарияланған деректер",
        "data": "Деректер",
        "service": "Қызмет туралы",
        "no_run": "Әзірге көрсететін нәтиже жоқ. Оны мына бұйрық жасайды:",
        "api": "API сипаттамасы",
        "runs": "Нәтижелер",
    },
    "ru": {
        "title": "Shalgai: населённые пункты без связи",
        "lead": "Населённые пункты без мобильной связи или интернета: где они, насколько это достоверно и почему.",
        "maps": "Карты",
        "evidence": "Опубликованные сведения",
        "data": "Данные",
        "service": "О сервисе",
        "no_run": "Показывать пока нечего. Результат создаёт команда:",
        "api": "Описание API",
        "runs": "Результаты",
    },
    "en": {
        "title": "Shalgai: settlements without service",
        "lead": "Settlements without mobile or internet access: where, how sure, and why.",
        "maps": "Maps",
        "evidence": "Published evidence",
        "data": "Data",
        "service": "The service",
        "no_run": "There is nothing to show yet. A result is made by:",
        "api": "Description of the API",
        "runs": "Runs",
    },
}
