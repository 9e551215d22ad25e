# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
django-admin startproject site1 .
cat >>site1/urls.py <<'END'
from django.http import HttpResponse
urlpatterns.append(path("hello", lambda request: HttpResponse("first")))
END
python manage.py migrate | tail -n 1
python manage.py check
port=$(fetch port)
start log python manage.py runserver "127.0.0.1:$port"
fetch "http://127.0.0.1:$port/hello"
sleep 2
sed -i 's/first/second/' site1/urls.py
fetch "http://127.0.0.1:$port/hello" second
python manage.py shell -c 'from django.contrib.auth.models import User; print(User.objects.count())' | tail -n 1
